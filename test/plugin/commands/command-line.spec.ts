import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { createApi } from "../../../plugin/api/api.ts";
import { serveApiOnSocket } from "../../../plugin/api/serve-api.ts";
import { runCommandLine } from "../../../plugin/commands/command-line.ts";
import { VERBS } from "../../../plugin/commands/verbs.ts";
import { apiSources } from "../api/sources.ts";
import { exampleStatus } from "./example-status.ts";
import { fakeEngine } from "./fake-engine.ts";

interface Run {
  readonly code: number;
  readonly output: string;
  readonly error: string;
}

describe("docker mesh", () => {
  let directory: string;
  let stop: AbortController;
  let server: Server | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "docker-mesh-"));
    stop = new AbortController();
  });

  afterEach(async () => {
    stop.abort();
    server?.close();
    server?.closeAllConnections();
    server = undefined;
    await rm(directory, { recursive: true });
  });

  async function run(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    input = "",
  ): Promise<Run> {
    const output: string[] = [];
    const error: string[] = [];
    const code = await runCommandLine(
      args,
      {
        print: (text) => output.push(text),
        printError: (text) => error.push(text),
        readInput: async () => input,
        environment: { DOCKER_CONFIG: directory, ...environment },
      },
      stop.signal,
    );
    return { code, output: output.join(""), error: error.join("") };
  }

  /** Listens on a socket and gives its address for -H. */
  async function serve(created: Server): Promise<string> {
    server = created;
    const path = join(directory, "docker.sock");
    const listening = Promise.withResolvers<void>();
    created.listen(path, listening.resolve);
    await listening.promise;
    return `unix://${path}`;
  }

  describe("help", () => {
    for (const args of [
      ["mesh"],
      ["mesh", "--help"],
      ["help", "mesh"],
      ["mesh", "help"],
      ["--help"],
      [],
    ]) {
      it(`lists the commands for docker-mesh ${args.join(" ")}`, async () => {
        const { code, output, error } = await run(args);
        assert.equal(code, 0);
        assert.equal(error, "");
        assert.match(
          output,
          /^Usage: {2}docker mesh COMMAND\n\n.*\n {2}status {6,}Show .*\n {2}version {5,}Show /s,
        );
        assert.ok(!output.includes("request"));
      });
    }

    for (const args of [
      ["mesh", "status", "--help"],
      ["help", "mesh", "status"],
      ["mesh", "help", "status"],
    ]) {
      it(`explains status for docker-mesh ${args.join(" ")}`, async () => {
        const { code, output } = await run(args);
        assert.equal(code, 0);
        assert.match(output, /^Usage: {2}docker mesh status \[OPTIONS\]\n/);
      });
    }
  });

  describe("wrong usage ends with exit code 1 and says where help is", () => {
    const STATUS_HELP =
      "\n\nUsage:  docker mesh status [OPTIONS]\n\nRun 'docker mesh status --help' for more information\n";
    const CASES: readonly (readonly [string, string])[] = [
      [
        "mesh bogus",
        "docker: unknown command: docker mesh bogus\n\nRun 'docker mesh --help' for more information\n",
      ],
      [
        "help mesh bogus",
        "docker: unknown command: docker mesh bogus\n\nRun 'docker mesh --help' for more information\n",
      ],
      [
        "mesh constructor",
        "docker: unknown command: docker mesh constructor\n\nRun 'docker mesh --help' for more information\n",
      ],
      ["--bogus mesh status", "unknown flag: --bogus\n"],
      ["mesh status --bogus", `unknown flag: --bogus${STATUS_HELP}`],
      ["mesh status --format", `flag needs an argument: --format${STATUS_HELP}`],
      [
        "mesh status --format yaml",
        `invalid argument "yaml" for --format: expected table, json or a Go template such as '{{.Service}}'${STATUS_HELP}`,
      ],
      [
        "mesh policy bogus",
        "docker: unknown command: docker mesh policy bogus\n\nRun 'docker mesh policy --help' for more information\n",
      ],
      ["mesh status all", `"docker mesh status" accepts no arguments${STATUS_HELP}`],
    ];
    for (const [line, message] of CASES) {
      it(line, async () => {
        assert.deepEqual(await run(line.split(" ")), { code: 1, output: "", error: message });
      });
    }
  });

  describe("status", () => {
    it("shows what the agent answers, as tables", async () => {
      const engine = fakeEngine({ output: JSON.stringify(exampleStatus), error: "", exitCode: 0 });
      const host = await serve(engine.server);
      const { code, output, error } = await run(["-H", host, "mesh", "status"]);
      assert.deepEqual([code, error], [0, ""]);
      assert.match(output, /^Agent: {9}0\.1\.0, up /);
      assert.match(output, /\nshop-inventory {3}shop-inventory-1 {3}2\.4\.1 {5}passing /);
      assert.deepEqual(engine.calls, [
        'GET /containers/json {"label":["docker-mesh.role=agent"],"status":["running"]}',
        'POST /containers/a1/exec {"Cmd":["node","/app/cli.mjs","request","/v1/status"],"AttachStdout":true,"AttachStderr":true}',
        "POST /exec/e1/start {}",
        "GET /exec/e1/json",
      ]);
    });

    it("shows it as one line of JSON", async () => {
      const engine = fakeEngine({ output: JSON.stringify(exampleStatus), error: "", exitCode: 0 });
      const host = await serve(engine.server);
      const { code, output } = await run(["mesh", "status", "--format=json"], {
        DOCKER_HOST: host,
      });
      assert.equal(code, 0);
      assert.equal(output, `${JSON.stringify(exampleStatus)}\n`);
    });

    it("says how to start an agent where none runs", async () => {
      const host = await serve(fakeEngine(undefined).server);
      assert.deepEqual(await run(["-H", host, "mesh", "status"]), {
        code: 1,
        output: "",
        error: "no agent of the mesh runs on this engine: `docker mesh up` installs the mesh\n",
      });
    });

    it("says why the agent does not answer", async () => {
      const failed = {
        output: "",
        error: "the agent's API at /run/docker-mesh/api.sock does not answer\n",
        exitCode: 1,
      };
      const host = await serve(fakeEngine(failed).server);
      const { code, error } = await run(["-H", host, "mesh", "status"]);
      assert.equal(code, 1);
      assert.equal(
        error,
        "the agent in container mesh-agent-1 does not answer: the agent's API at /run/docker-mesh/api.sock does not answer; `docker logs mesh-agent-1` says why\n",
      );
    });

    it("says that the engine is too old, which is what the agent then waits for", async () => {
      const waiting = { output: "", error: "does not answer\n", exitCode: 1 };
      const host = await serve(fakeEngine(waiting, "1.40").server);
      const { code, error } = await run(["-H", host, "mesh", "status"]);
      assert.equal(code, 1);
      assert.match(
        error,
        /^expected a Docker Engine with API 1\.41 \(20\.10\) or newer, found API 1\.40/,
      );
    });

    for (const answer of ["", "null", "[]", "{}", '{"agent":{"version":"9"}}', "<html>"]) {
      it(`does not take ${JSON.stringify(answer)} for a status`, async () => {
        const host = await serve(fakeEngine({ output: answer, error: "", exitCode: 0 }).server);
        const { code, error } = await run(["-H", host, "mesh", "status"]);
        assert.equal(code, 1);
        assert.match(
          error,
          /^the agent's answer is no status that this command \(version [0-9.]+\) understands/,
        );
      });
    }

    it("says that the engine cannot be reached, and at which address", async () => {
      const { code, error } = await run(["-H", `unix://${directory}/none.sock`, "mesh", "status"]);
      assert.equal(code, 1);
      assert.match(
        error,
        /^cannot reach the engine at unix:\/\/.*\/none\.sock \(is it running\?\): connect ENOENT/,
      );
    });

    it("passes on what the engine refuses", async () => {
      const refusing = createServer((_request, response) => {
        response.writeHead(403, { "content-type": "application/json" });
        response.end('{"message":"authorization denied by plugin"}');
      });
      const host = await serve(refusing);
      const { code, error } = await run(["-H", host, "mesh", "status"]);
      assert.equal(code, 1);
      assert.equal(error, `the engine at ${host} refused: authorization denied by plugin\n`);
    });

    it("ends at once when interrupted while the engine is silent", async () => {
      const asked = Promise.withResolvers<void>();
      const host = await serve(createServer(() => asked.resolve()));
      const running = run(["-H", host, "mesh", "status"]);
      await asked.promise;
      stop.abort(new Error("stopped by SIGINT"));
      assert.deepEqual(await running, { code: 1, output: "", error: "stopped by SIGINT\n" });
    });

    it("adds the stack with --debug", async () => {
      const { error } = await run(["-D", "-H", `unix://${directory}/none.sock`, "mesh", "status"]);
      assert.match(error, /\n {4}at /);
    });
  });

  describe("request, inside the agent's container", () => {
    async function serveAgent(healthy: boolean): Promise<string> {
      const app = createApi(apiSources({ healthy: () => healthy }));
      const path = join(directory, "api.sock");
      await serveApiOnSocket(app, path, stop.signal);
      return path;
    }

    it("prints what the agent's API answers", async () => {
      const path = await serveAgent(true);
      const { code, output, error } = await run(["request", "/v1/status"], {
        MESH_API_SOCKET: path,
      });
      assert.deepEqual([code, error], [0, ""]);
      assert.deepEqual(JSON.parse(output), JSON.parse(JSON.stringify(exampleStatus)));
    });

    it("prints the answer and fails when it is no success", async () => {
      const path = await serveAgent(false);
      const { code, output, error } = await run(["request", "/v1/health"], {
        MESH_API_SOCKET: path,
      });
      assert.deepEqual([code, output], [1, '{"healthy":false}']);
      assert.equal(error, "expected success from /v1/health of the agent's API, got status 503\n");
    });

    it("fails when nobody listens", async () => {
      const { code, error } = await run(["request", "/v1/status"], {
        MESH_API_SOCKET: join(directory, "none.sock"),
      });
      assert.equal(code, 1);
      assert.match(error, /^the agent's API at \/.*\/none\.sock does not answer: connect ENOENT/);
    });

    for (const args of [[], ["v1/status"], ["/v1/status", "/v1/plan"]]) {
      it(`requires one path, not ${JSON.stringify(args)}`, async () => {
        const { code, error } = await run(["request", ...args]);
        assert.equal(code, 1);
        assert.match(error, /^"docker mesh request" requires exactly one argument/);
      });
    }
  });

  describe("completion", () => {
    const CASES: readonly (readonly [string, string])[] = [
      [
        "__complete mesh ",
        `${VERBS.flatMap(({ name, summary }) => (summary === undefined ? [] : `${name}\t${summary}\n`)).join("")}:4\n`,
      ],
      ["__completeNoDesc mesh st", "status\n:4\n"],
      ["__completeNoDesc mesh status --f", "--format\n:4\n"],
      ["__completeNoDesc mesh status --format ", "json\ntable\n:4\n"],
      ["__completeNoDesc mesh explain web orders --he", "--header\n--help\n:4\n"],
      ["__completeNoDesc mesh tap orders --f", "--failed\n--format\n--from\n:4\n"],
      ["__completeNoDesc mesh version ", ":4\n"],
      ["__completeNoDesc mesh policy ro", "rollback\n:4\n"],
      ["__completeNoDesc mesh policy get --a", "--all\n:4\n"],
      ["__completeNoDesc mesh policy history orders --format ", "json\ntable\n:4\n"],
      ["__completeNoDesc mesh policy set orders balance.al", "balance.algorithm=\n:6\n"],
      ["__completeNoDesc mesh policy set orders route.canary.wei", ":6\n"],
      ["__completeNoDesc mesh policy set orders route.canary.rewr", "route.canary.rewrite=\n:6\n"],
      ["__completeNoDesc mesh policy unset orders timeouts.per", "timeouts.per-try\n:4\n"],
      ["__completeNoDesc mesh policy set orders --file ", ":0\n"],
      ["__completeNoDesc mesh inject --output ", ":0\n"],
    ];
    for (const [line, output] of CASES) {
      it(`answers docker-mesh ${line}`, async () => {
        assert.deepEqual(await run(line.split(" ")), { code: 0, output, error: "" });
      });
    }
  });
});
