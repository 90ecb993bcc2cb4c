// The port where Prometheus reads, and nobody does anything else.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { serveMetrics } from "../../../plugin/api/serve-metrics.ts";
import type { Family } from "../../../plugin/metrics/exposition.ts";

const FAMILY: Family = {
  ...{ name: "mesh_example", help: "An example.", type: "gauge" },
  samples: [{ labels: {}, value: 1 }],
};

describe("the port for metrics", () => {
  let stop: AbortController;
  let origin: string;
  let closed: Promise<void>;

  beforeEach(async () => {
    stop = new AbortController();
    const place = { host: "127.0.0.1", port: 0 };
    const listening = await serveMetrics(() => [FAMILY], place, stop.signal);
    origin = `http://127.0.0.1:${listening.port}`;
    closed = listening.closed;
  });

  afterEach(async () => {
    stop.abort();
    await closed;
  });

  const ask = async (path: string, method = "GET"): Promise<Response> =>
    await fetch(`${origin}${path}`, { method, headers: { connection: "close" } });

  it("shows them, whatever is asked besides", async () => {
    for (const path of ["/metrics", "/metrics?name=x"]) {
      const response = await ask(path);
      assert.equal(
        response.headers.get("content-type"),
        "text/plain; version=0.0.4; charset=utf-8",
      );
      assert.match(await response.text(), /^mesh_example 1$/m);
    }
  });

  for (const [path, method, status] of [
    ["/", "GET", 404],
    ["/v1/status", "GET", 404],
    ["/metrics/", "GET", 404],
    ["/metrics", "POST", 405],
    ["/metrics", "DELETE", 405],
  ] as const) {
    it(`answers ${status} to ${method} ${path}`, async () => {
      const response = await ask(path, method);
      assert.equal(response.status, status);
      assert.match(await response.text(), /^expected /);
    });
  }

  it("says which port is taken", async () => {
    const place = { host: "127.0.0.1", port: Number(new URL(origin).port) };
    await assert.rejects(
      serveMetrics(() => [], place, stop.signal),
      { code: "PORT_IN_USE", message: /MESH_METRICS_LISTEN/ },
    );
  });
});
