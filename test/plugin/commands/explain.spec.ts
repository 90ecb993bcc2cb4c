// `docker mesh explain` against an agent's real API, which knows a shop.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import { after, before, describe, it } from "mocha";
import { createApi } from "../../../plugin/api/api.ts";
import { serveApiOnSocket } from "../../../plugin/api/serve-api.ts";
import { runCommandLine } from "../../../plugin/commands/command-line.ts";
import type { Explanation } from "../../../plugin/explain/explanation.ts";
import { explainerOf } from "../../helpers/explain-shop.ts";
import { apiSources } from "../api/sources.ts";
import { liveEngine } from "./live-engine.ts";

const POLICY = { "route.old.headers": "x-a=1, x-b=2", "route.old.abort": "410" };

describe("docker mesh explain", () => {
  const closing = new AsyncDisposableStack();
  let directory: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "docker-mesh-"));
    closing.defer(async () => await rm(directory, { recursive: true }));
    const stop = new AbortController();
    closing.defer(() => stop.abort());
    const explainer = explainerOf({ policies: { orders: POLICY } });
    const app = createApi(apiSources({ explain: (question) => explainer.explain(question) }));
    await serveApiOnSocket(app, join(directory, "api.sock"), stop.signal);
    const engine = liveEngine(join(directory, "api.sock"));
    engine.listen(join(directory, "docker.sock"));
    await once(engine, "listening");
    closing.defer(() => {
      engine.close();
      engine.closeAllConnections();
    });
  });

  after(async () => await closing.disposeAsync());

  const run = async (...args: readonly string[]): Promise<{ code: number; text: string }> =>
    await runAt("docker.sock", ...args);

  async function runAt(
    socket: string,
    ...args: readonly string[]
  ): Promise<{ code: number; text: string }> {
    const printed: string[] = [];
    const print = (text: string): void => void printed.push(text);
    const host = `unix://${join(directory, socket)}`;
    const terminal = {
      ...{ print, printError: print, readInput: async () => "" },
      environment: { DOCKER_CONFIG: directory, DOCKER_HOST: host },
    };
    const line = ["mesh", "explain", ...args];
    const code = await runCommandLine(line, terminal, new AbortController().signal);
    return { code, text: printed.join("") };
  }

  it("asks for GET / where nothing else is said", async () => {
    const { code, text } = await run("web", "orders");
    assert.equal(code, 0);
    assert.match(text, /^shop-web \(shop-web-1 on node-a\) calls shop-orders: GET \/\n/);
    assert.match(text, /\nResult: the request goes to one of 3 endpoints of shop-orders\.\n/);
  });

  it("takes method, path, port and headers", async () => {
    const args = ["web", "orders", "delete", "/items?x=1", "--port", "8080"];
    const { text } = await run(...args, "-H", "x-a: 1", "--header=x-b: 2", "--format", "json");
    const { request, result, callee } = JSON.parse(text) as Explanation;
    assert.deepEqual(request, {
      ...{ method: "DELETE", path: "/items?x=1" },
      headers: [
        ["x-a", "1"],
        ["x-b", "2"],
      ],
    });
    assert.deepEqual([callee?.port, result.status], [8080, 410]);
  });

  it("says that the agent is too old, where it is", async () => {
    const stop = new AbortController();
    const old = express().use((_request, response) => {
      response.status(404).json({ error: { code: "NOT_FOUND", message: "expected a path" } });
    });
    await serveApiOnSocket(old, join(directory, "old.sock"), stop.signal);
    const engine = liveEngine(join(directory, "old.sock")).listen(
      join(directory, "old-docker.sock"),
    );
    await once(engine, "listening");
    try {
      const { code, text } = await runAt("old-docker.sock", "web", "orders");
      assert.equal(code, 1);
      assert.match(text, /install agent and command of one version/);
    } finally {
      stop.abort();
      engine.close();
      engine.closeAllConnections();
    }
  });

  for (const [args, expected] of [
    [["web"], /requires two services/],
    [["web", "orders", "GET", "/", "more"], /requires two services/],
    [
      ["wep", "orders"],
      /^no service or container named "wep" runs in the mesh: did you mean web\?\n$/,
    ],
    [["web", "orders", "--port", "0"], /^port: expected a port from 1 to 65535, got "0"\n$/],
    [["web", "orders", "-H", "nothing"], /^header: expected a header such as `x-user: ada`/],
    [
      ["web", "orders", "G@T"],
      /^expected a request that can be sent, but the request does not begin with a method/,
    ],
  ] as const) {
    it(`says what is wrong with ${args.join(" ")}`, async () => {
      const { code, text } = await run(...args);
      assert.equal(code, 1);
      assert.match(text, expected);
    });
  }
});
