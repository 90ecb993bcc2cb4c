import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { ApiCall } from "../../../plugin/commands/api-call.ts";
import { runCommandLine } from "../../../plugin/commands/command-line.ts";
import { readLogLines } from "../../../plugin/commands/container-log.ts";
import { parseFlags } from "../../../plugin/commands/flags.ts";
import { Interruption } from "../../../plugin/commands/interruption.ts";
import { readLogOptions } from "../../../plugin/commands/logs.ts";
import { eventually } from "../../helpers/eventually.ts";
import { exampleStatus } from "./example-status.ts";
import { frame } from "./fake-engine.ts";

interface Container {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly State: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly HostConfig: { readonly NetworkMode: string };
}

function container(
  id: string,
  state: string,
  labels: Readonly<Record<string, string>>,
  network = "default",
): Container {
  const HostConfig = { NetworkMode: network };
  return { Id: id, Names: [`/${id}`], State: state, Labels: labels, HostConfig };
}

const AGENT = { "docker-mesh.role": "agent" };
/** Of one that stands in a compose file. */
const EXPLICIT = { "docker-mesh.explicit": "sidecar" };
const [INVENTORY] = exampleStatus.workloads;

interface LogEngine {
  readonly containers: readonly Container[];
  /** What the agent answers, by the path asked for. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** The logs that were asked for, with their options. */
  readonly asked: string[];
  /** Outputs of what was executed in the agent's container. */
  readonly outputs: string[];
}

function engineWith(
  containers: readonly Container[],
  answers: Readonly<Record<string, unknown>> = {},
): { readonly server: Server; readonly asked: readonly string[] } {
  const engine: LogEngine = { containers, answers, asked: [], outputs: [] };
  const server = createServer(async (request, response) => {
    const body = await text(request);
    response.end(answer(engine, new URL(request.url ?? "/", "http://engine"), body));
  });
  return { server, asked: engine.asked };
}

function answer(engine: LogEngine, { pathname, searchParams }: URL, body: string): string | Buffer {
  const [, id = "", what] = /^\/(?:containers|exec)\/([^/]+)\/(\w+)$/.exec(pathname) ?? [];
  if (pathname === "/containers/json") return JSON.stringify(listed(engine, searchParams));
  if (what === "logs") {
    engine.asked.push(`${id} ${searchParams}`);
    return Buffer.concat([frame(1, `${id} says ü\n`), frame(2, `${id} complains\n`)]);
  }
  if (what === "exec")
    return JSON.stringify({ Id: engine.outputs.push(outputOf(engine, body)) - 1 });
  return what === "start"
    ? frame(1, engine.outputs[Number(id)] ?? "")
    : JSON.stringify({ ExitCode: 0, Running: false, ApiVersion: "1.41" });
}

function listed({ containers }: LogEngine, query: URLSearchParams): readonly Container[] {
  const { label } = JSON.parse(query.get("filters") ?? "") as { readonly label: readonly string[] };
  return containers.filter(
    ({ Labels, State }) =>
      Object.entries(Labels).some(([name, value]) => label.includes(`${name}=${value}`)) &&
      (query.get("all") === "true" || State === "running"),
  );
}

function outputOf({ answers }: LogEngine, body: string): string {
  const { Cmd, Env = [] } = JSON.parse(body) as {
    readonly Cmd: readonly string[];
    readonly Env?: readonly string[];
  };
  const [call] = Env.map((entry) => JSON.parse(entry.replace("MESH_REQUEST=", "")) as ApiCall);
  const found = JSON.stringify(answers[call?.path ?? Cmd.at(-1) ?? ""]);
  return call === undefined ? found : JSON.stringify({ status: 200, body: found });
}

describe("docker mesh logs", () => {
  let directory: string;
  let server: Server | undefined;
  let printed: string[];

  beforeEach(async () => {
    printed = [];
    directory = await mkdtemp(join(tmpdir(), "docker-mesh-"));
  });

  afterEach(async () => {
    server?.close();
    server?.closeAllConnections();
    server = undefined;
    await rm(directory, { recursive: true });
  });

  async function run(
    engine: Server,
    line: string,
    stop: AbortController = new AbortController(),
  ): Promise<{ readonly code: number; readonly output: string; readonly error: string }> {
    server = engine;
    const path = join(directory, "docker.sock");
    engine.listen(path);
    await once(engine, "listening");
    const output = printed;
    const error: string[] = [];
    const terminal = {
      print: (text: string) => output.push(text),
      printError: (text: string) => error.push(text),
      readInput: async () => "",
      environment: { DOCKER_CONFIG: directory, DOCKER_HOST: `unix://${path}` },
    };
    const code = await runCommandLine(["mesh", ...line.split(" ")], terminal, stop.signal);
    return { code, output: output.join(""), error: error.join("") };
  }

  it("shows what the agent's container wrote to both outputs, also when it has ended", async () => {
    const { server: engine, asked } = engineWith([container("agent-1", "exited", AGENT)]);
    const { code, output, error } = await run(engine, "logs --tail 20 -t");
    assert.deepEqual([code, error], [0, ""]);
    assert.equal(output, "agent-1 says ü\nagent-1 complains\n");
    assert.deepEqual(asked, [
      "agent-1 tail=20&follow=false&timestamps=true&stdout=true&stderr=true&since=0&until=0",
    ]);
  });

  it("prefers the agent that runs", async () => {
    const agents = [container("agent-2", "exited", AGENT), container("agent-1", "running", AGENT)];
    const { output } = await run(engineWith(agents).server, "logs");
    assert.match(output, /^agent-1 says/);
  });

  it("shows those of a service's sidecars, each line with whose it is", async () => {
    const beside = {
      "docker-mesh.role": "sidecar",
      "docker-mesh.workload": INVENTORY?.containerId ?? "",
    };
    const containers = [
      container("agent-1", "running", AGENT),
      container("orders.mesh-b", "running", beside),
      container("orders.mesh-aa", "exited", beside),
      container("web.mesh-c", "running", { ...beside, "docker-mesh.workload": "another" }),
      container("orders-mesh-1", "running", EXPLICIT, `container:${INVENTORY?.containerId}`),
      container("web-mesh-1", "running", EXPLICIT, "container:another"),
    ];
    const { server: engine } = engineWith(containers, {
      "/v1/services/inventory/endpoints": { service: "shop-inventory", endpoints: [] },
      "/v1/status": exampleStatus,
    });
    const { code, output, error } = await run(engine, "logs inventory");
    assert.deepEqual([code, error], [0, ""]);
    assert.deepEqual(output.split("\n").sort(), [
      "",
      "orders-mesh-1  | orders-mesh-1 complains",
      "orders-mesh-1  | orders-mesh-1 says ü",
      "orders.mesh-aa | orders.mesh-aa complains",
      "orders.mesh-aa | orders.mesh-aa says ü",
      "orders.mesh-b  | orders.mesh-b complains",
      "orders.mesh-b  | orders.mesh-b says ü",
    ]);
  });

  it("says that a service has no sidecar on this node", async () => {
    const { server: engine } = engineWith([container("agent-1", "running", AGENT)], {
      "/v1/services/far/endpoints": { service: "shop-far", endpoints: [] },
      "/v1/status": exampleStatus,
    });
    const { code, error } = await run(engine, "logs far");
    assert.deepEqual([code, error], [1, "no sidecar of shop-far is on this node\n"]);
  });

  it("follows until interrupted, as Docker's own command does", async () => {
    const open = Promise.withResolvers<ServerResponse>();
    const engine = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://engine");
      if (!pathname.endsWith("/logs")) {
        response.end(JSON.stringify([container("agent-1", "running", AGENT)]));
        return;
      }
      response.write(frame(1, "first\n"));
      open.resolve(response);
    });
    const stop = new AbortController();
    const running = run(engine, "logs -f", stop);
    const response = await open.promise;
    await eventually(() => assert.equal(printed.join(""), "first\n"), { interval: 1 });
    response.write(frame(2, "second\n"));
    await eventually(() => assert.equal(printed.join(""), "first\nsecond\n"), { interval: 1 });
    const closed = once(response, "close");
    stop.abort(new Interruption("stopped by SIGINT", 130));
    assert.deepEqual(await running, { code: 130, output: "first\nsecond\n", error: "" });
    await closed;
  });

  it("says that there is no agent", async () => {
    const { code, error } = await run(engineWith([]).server, "logs");
    assert.equal(code, 1);
    assert.match(error, /^no agent of the mesh runs on this engine/);
  });

  const NOW = Date.UTC(2026, 10, 23, 12);
  const MOMENTS: readonly (readonly [string, number])[] = [
    ["42m", NOW / 1_000 - 42 * 60],
    ["1h30m", NOW / 1_000 - 5_400],
    ["2026-11-23T11:00:00Z", NOW / 1_000 - 3_600],
    ["2026-11-23T12:00:00+01:00", NOW / 1_000 - 3_600],
    ["1700000000", 1_700_000_000],
  ];
  for (const [text, seconds] of MOMENTS) {
    it(`takes --since ${text}`, () => {
      const flags = parseFlags(["--since", text], [{ name: "since", kind: "text" }]);
      assert.equal(readLogOptions(flags, NOW).since, seconds);
    });
  }

  for (const [name, text] of [
    ["since", "yesterday"],
    ["until", "2026-13-45"],
    ["until", "5" + "x"],
    ["tail", "-1"],
    ["tail", "some"],
  ] as const) {
    it(`refuses --${name} ${text}`, () => {
      const flags = parseFlags([`--${name}`, text], [{ name, kind: "text" }]);
      assert.throws(() => readLogOptions(flags, NOW), {
        name: "UsageError",
        message: new RegExp(`^invalid argument "${text}" for --${name}: expected a `),
      });
    });
  }

  it("shows lines whole, however they come, and very long ones in pieces", async () => {
    const bytes = Buffer.concat([
      frame(1, "be"),
      frame(2, "error\n"),
      frame(1, `gun\n${"x".repeat(200_000)}\nlast`),
    ]);
    const pieces = Array.from({ length: Math.ceil(bytes.length / 1_000) }, (_, index) =>
      bytes.subarray(index * 1_000, (index + 1) * 1_000),
    );
    const lines: string[] = [];
    for await (const line of readLogLines(Readable.from(pieces))) lines.push(line);
    assert.deepEqual([lines[0], lines[1], lines.at(-1)], ["error", "begun", "last"]);
    assert.ok(lines.every(({ length }) => length < 70_000));
    assert.equal(lines.slice(2, -1).join(""), "x".repeat(200_000));
  });
});
