// `docker mesh tap` against an agent's real API, by way of an engine whose commands have their connection as input and output.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { createApi } from "../../../plugin/api/api.ts";
import { serveApiOnSocket } from "../../../plugin/api/serve-api.ts";
import { runCommandLine } from "../../../plugin/commands/command-line.ts";
import { Interruption } from "../../../plugin/commands/interruption.ts";
import { Taps } from "../../../plugin/tap/taps.ts";
import type { ObservedRequest } from "../../../proxy/configuration/observed-request.ts";
import { eventually } from "../../helpers/eventually.ts";
import {
  batchOf,
  callOfWeb,
  ORDERS_WORKLOAD,
  observedRequest,
  WEB_WORKLOAD,
} from "../../helpers/observed.ts";
import { apiSources } from "../api/sources.ts";
import { fakeEngine } from "./fake-engine.ts";
import { liveEngine } from "./live-engine.ts";

const HERE = { isWhollyHere: () => true, isInstanceHere: () => true };
const HEADER = /^TIME +CALL +METHOD +PATH +STATUS +LATENCY +REMARKS$/;

interface Running {
  output: string;
  error: string;
  readonly code: Promise<number>;
  readonly stop: AbortController;
}

describe("docker mesh tap", () => {
  let directory: string;
  let taps: Taps;
  let engine: Server;
  let agent: AbortController;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "docker-mesh-"));
    taps = new Taps(() => undefined, HERE);
    agent = new AbortController();
    const socket = join(directory, "api.sock");
    await serveApiOnSocket(createApi(apiSources({ taps })), socket, agent.signal);
    await serve(liveEngine(socket));
  });

  afterEach(async () => {
    agent.abort();
    engine.close();
    engine.closeAllConnections();
    await rm(directory, { recursive: true });
  });

  async function serve(server: Server): Promise<void> {
    engine = server;
    await rm(join(directory, "docker.sock"), { force: true });
    engine.listen(join(directory, "docker.sock"));
    await once(engine, "listening");
  }

  function start(line: string, isTerminal = false, more: Record<string, string> = {}): Running {
    const stop = new AbortController();
    const terminal = {
      print: (text: string) => {
        running.output += text;
      },
      printError: (text: string) => {
        running.error += text;
      },
      readInput: async () => "",
      environment: {
        DOCKER_CONFIG: directory,
        DOCKER_HOST: `unix://${join(directory, "docker.sock")}`,
        ...more,
      },
      isTerminal,
    };
    const running: Running = {
      ...{ output: "", error: "", stop },
      code: Promise.resolve().then(() =>
        runCommandLine(["mesh", "tap", ...line.split(" ").filter(Boolean)], terminal, stop.signal),
      ),
    };
    return running;
  }

  const isOpen = (): boolean => taps.wanted("shop-orders", () => true);
  const untilOpen = (): Promise<void> =>
    eventually(() => assert.equal(isOpen(), true), { interval: 1 });
  const untilClosed = (): Promise<void> =>
    eventually(() => assert.equal(isOpen(), false), { interval: 1 });
  /** As both of its sidecars see it. */
  const happen = (changes: Partial<ObservedRequest> = {}): void => {
    taps.add(WEB_WORKLOAD, batchOf(callOfWeb(changes)));
    taps.add(ORDERS_WORKLOAD, batchOf(observedRequest(changes)));
  };

  it("shows each request once, as it comes, until interrupted as Docker's own commands are", async () => {
    const running = start("orders");
    await untilOpen();
    happen({ path: "/a" });
    await eventually(() => assert.match(running.output, /shop-web → shop-orders +GET +\/a +200/));
    happen({ path: "/b" });
    await eventually(() => assert.match(running.output, /\/b/));
    running.stop.abort(new Interruption("stopped by SIGINT", 130));
    assert.equal(await running.code, 130);
    const lines = running.output.trimEnd().split("\n");
    assert.match(lines[0] ?? "", HEADER);
    assert.equal(lines.length, 3);
    assert.equal(running.error, "");
    await untilClosed();
  });

  for (const [format, output] of [
    [
      "{{.Source}}->{{.Destination}}{{.Path}}={{.Status}}",
      "shop-web->shop-orders/a=200\nshop-web->shop-orders/b=200\n",
    ],
    ["table{{.Path}}\\t{{.Tries}}", "PATH      TRIES\n/a        1\n/b        1\n"],
  ] as const) {
    it(`shows requests by the template ${format}, under one header at most`, async () => {
      const running = start(`orders --count 2 --format ${format}`);
      await untilOpen();
      happen({ path: "/a" });
      happen({ path: "/b" });
      assert.equal(await running.code, 0);
      assert.equal(running.output, output);
      await untilClosed();
    });
  }

  it("ends after as many as were asked for, and nobody is asked for anything any more", async () => {
    const running = start("orders --count 2 --format json");
    await untilOpen();
    happen({ path: "/a\u009b" });
    happen();
    happen();
    assert.equal(await running.code, 0);
    assert.match(running.output, /\\u009b/);
    const paths = running.output
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as ObservedRequest).path);
    assert.deepEqual(paths, ["/a\u009b", "/orders/1"]);
    await untilClosed();
  });

  it("shows both ends where that is asked for", async () => {
    const running = start("-n 2 --both-ends");
    await untilOpen();
    happen();
    assert.equal(await running.code, 0);
    assert.match(running.output, /told by shop-web-1\n.*told by shop-orders-1\n$/);
  });

  it("shows what matches all that is asked for", async () => {
    const running = start(
      "orders --from web --method post --path /orders --status 5xx --failed -n 1",
    );
    await untilOpen();
    happen();
    happen({ method: "POST", status: 503 });
    assert.equal(await running.code, 0);
    assert.match(running.output, /\n.*POST +\/orders\/1 +503 .*\n$/);
  });

  it("says how many it could not show", async () => {
    const running = start("orders -n 1");
    await untilOpen();
    taps.add(ORDERS_WORKLOAD, { ...batchOf(), droppedTaps: 7 });
    await eventually(() => assert.match(running.output, /\(7 more were not shown: too many\)\n/));
    happen();
    assert.equal(await running.code, 0);
  });

  for (const [what, isTerminal, environment, coloured] of [
    ["on a terminal", true, {}, true],
    ["on a terminal, unless NO_COLOR is set", true, { NO_COLOR: "1" }, false],
    ["nowhere else", false, {}, false],
  ] as const) {
    it(`is coloured ${what}`, async () => {
      const running = start("-n 1", isTerminal, environment);
      await untilOpen();
      happen({ status: 503 });
      await running.code;
      assert.equal(running.output.includes("\u001b["), coloured);
    });
  }

  for (const [line, error] of [
    ["nobody", 'no service named "nobody" is known: `docker mesh status` lists those that are\n'],
    [
      "orders --status 9",
      'status: expected a status such as 503, or a class such as 5xx, found "9"\n',
    ],
    [
      "orders --from nobody",
      'no service named "nobody" is known: `docker mesh status` lists those that are\n',
    ],
  ] as const) {
    it(`refuses ${line} in the agent's words`, async () => {
      const running = start(line);
      assert.equal(await running.code, 1);
      assert.deepEqual([running.output, running.error], ["", error]);
    });
  }

  for (const [line, problem] of [
    ["orders web", /^"docker mesh tap" requires at most one argument, a service\n/],
    ["--count 0", /^invalid argument "0" for --count: expected a number from 1 on\n/],
    [
      "--format yaml",
      /^invalid argument "yaml" for --format: expected table, json or a Go template /,
    ],
  ] as const) {
    it(`refuses ${line}, and says where help is`, async () => {
      const running = start(line);
      assert.equal(await running.code, 1);
      assert.match(running.error, problem);
      assert.match(running.error, /Run 'docker mesh tap --help' for more information\n$/);
    });
  }

  it("says that the agent has gone", async () => {
    const running = start("orders");
    await untilOpen();
    agent.abort();
    assert.equal(await running.code, 1);
    assert.match(running.error, /^the agent in container mesh-agent-1 does not answer: /);
  });

  it("says that no agent runs", async () => {
    engine.close();
    await serve(fakeEngine(undefined).server);
    const running = start("orders");
    assert.equal(await running.code, 1);
    assert.match(running.error, /^no agent of the mesh runs on this engine/);
  });

  it("says that the agent does not understand it", async () => {
    engine.close();
    const old = createServer((request, response) => {
      const created = request.url?.endsWith("/exec") === true;
      response.writeHead(created ? 201 : 200, { "content-type": "application/json" });
      response.end(
        JSON.stringify(created ? { Id: "e0" } : [{ Id: "a1", Names: ["/mesh-agent-1"] }]),
      );
    });
    old.on("upgrade", (_request, socket) => {
      socket.end(
        "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n\u0001\0\0\0\0\0\0\u0003{}\n",
      );
    });
    await serve(old);
    const running = start("orders");
    assert.equal(await running.code, 1);
    assert.match(running.error, /install agent and command of one version/);
  });
});
