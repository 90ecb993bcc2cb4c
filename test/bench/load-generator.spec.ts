import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { before, describe, it } from "mocha";
import { isInstalled } from "../../scripts/command.ts";
import { readSettings } from "../../scripts/settings.ts";
import { compileLoadGenerator, type Figures, type LoadRequest, putLoad } from "./load-generator.ts";
import { takePort } from "./ports.ts";

const BODY = 100;
const right: RequestListener = (_request, response) => response.end("x".repeat(BODY));

describe("the load generator", () => {
  let program = "";

  before(async function () {
    if (!(await isInstalled("cc"))) this.skip();
    program = await compileLoadGenerator(readSettings("test").cache);
  });

  async function put(port: number, more: Partial<LoadRequest> = {}): Promise<Figures> {
    return await putLoad(
      { program, signal: new AbortController().signal },
      {
        ...{ port, backendPort: await takePort(), connections: 4, bodyBytes: BODY, rate: 0 },
        ...{ warmSeconds: 0.05, seconds: 0.2, processes: [process.pid] },
        ...more,
      },
    );
  }

  /** What it says of a server that answers like this. */
  async function against(
    listener: RequestListener,
    more: Partial<LoadRequest> = {},
  ): Promise<Figures> {
    const server = createServer(listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      return await put((server.address() as AddressInfo).port, more);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }

  it("counts answers, what they took and what the server's process spent on them", async () => {
    const figures = await against(right);
    assert.ok(figures.requests > 0 && figures.processorPerRequest > 0);
    assert.ok(figures.p50 > 0 && figures.p50 <= figures.p99 && figures.p99 <= figures.p999);
    assert.deepEqual([figures.errors, figures.firstError], [0, ""]);
  });

  it("is its own backend, with bodies of any size", async () => {
    const port = await takePort();
    const figures = await put(port, { backendPort: port, bodyBytes: 300_000, connections: 3 });
    assert.ok(figures.requests > 0);
    const { errors, backendConnections, newBackendConnections, forwardedConnections } = figures;
    assert.deepEqual([errors, backendConnections, newBackendConnections], [0, 3, 0]);
    assert.equal(forwardedConnections, 0);
  });

  it("takes an answer of another status for an error", async () => {
    const { errors, firstError } = await against((_request, response) => {
      response.writeHead(503).end("x".repeat(BODY));
    });
    assert.ok(errors > 0);
    assert.match(firstError, /HTTP\/1\.1 503/);
  });

  it("takes a body of another length for an error", async () => {
    const { errors, firstError } = await against((_request, response) => response.end("short"));
    assert.ok(errors > 0);
    assert.equal(firstError, "expected a content-length of 100, got 5");
  });

  it("takes a connection that is closed for an error, and goes on with another", async () => {
    const { errors, requests, firstError } = await against((request, response) => {
      right(request, response);
      response.once("finish", () => request.socket.destroy());
    });
    assert.ok(errors > 0 && requests > 0);
    assert.equal(firstError, "a connection was closed");
  });

  it("takes a server that does not answer for an error", async () => {
    const { errors, firstError } = await against(() => undefined, { seconds: 1.1 });
    assert.equal(errors, 4);
    assert.equal(firstError, "no answer for more than a second");
  });

  it("starts requests at a rate, and charges waiting to those that should have started", async () => {
    const slow: RequestListener = (request, response) => {
      delay(100).then(
        () => right(request, response),
        () => undefined,
      );
    };
    const options = { connections: 1, rate: 100, warmSeconds: 0.5, seconds: 0.5 };
    const { requests, errors, p50 } = await against(slow, options);
    assert.ok(requests > 0 && requests <= 6, `${requests} requests`);
    assert.equal(errors, 0);
    assert.ok(p50 > 300_000, `${p50} µs`);
  });
});
