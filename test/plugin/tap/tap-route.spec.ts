import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { createApi } from "../../../plugin/api/api.ts";
import { LONGEST_QUEUE, MOST_READERS, Taps } from "../../../plugin/tap/taps.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { batchOf, ORDERS_WORKLOAD, observedRequest } from "../../helpers/observed.ts";
import { type ServedApp, serveApp } from "../../helpers/served-app.ts";
import { apiSources } from "../api/sources.ts";

describe("the API's stream of live requests", () => {
  let taps: Taps;
  let clock: ManualClock;
  let server: ServedApp;
  let leave: AbortController;

  beforeEach(async () => {
    taps = new Taps(() => undefined);
    clock = new ManualClock();
    leave = new AbortController();
    server = await serveApp(createApi(apiSources({ taps, clock })));
  });

  afterEach(async () => {
    leave.abort();
    await server[Symbol.asyncDispose]();
  });

  const ask = (query = "", method = "GET"): Promise<Response> =>
    fetch(`${server.origin}/v1/tap${query}`, { method, signal: leave.signal });

  const isWanted = (): boolean => taps.wanted("shop-orders", () => false);

  it("is a line of JSON for each request", async () => {
    const response = await ask("?service=orders");
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/x-ndjson");
    const reader = (response.body ?? assert.fail())
      .pipeThrough(new TextDecoderStream())
      .getReader();
    taps.add(ORDERS_WORKLOAD, batchOf(observedRequest({ path: "/a\nb" })));
    const { value = "" } = await reader.read();
    assert.match(value, /^[^\n]+\n$/);
    assert.partialDeepStrictEqual(JSON.parse(value), {
      ...{ source: "shop-web", destination: "shop-orders", path: "/a\nb", status: 200 },
    });
  });

  it("shows that it is alive while there is nothing to show", async () => {
    const response = await ask();
    const reader = (response.body ?? assert.fail())
      .pipeThrough(new TextDecoderStream())
      .getReader();
    for (let beat = 0; beat < 3; beat += 1) {
      await clock.advance(10_000);
      assert.equal((await reader.read()).value, "\n");
    }
  });

  it("ends when the client goes", async () => {
    await ask();
    assert.equal(isWanted(), true);
    leave.abort();
    await eventually(() => assert.equal(isWanted(), false), { interval: 1 });
  });

  it("holds no more than its queue for a client that does not read", async () => {
    await ask();
    const path = `/${"x".repeat(1_000)}`;
    for (let round = 0; round < 20 && taps.dropped === 0; round += 1) {
      for (let index = 0; index < LONGEST_QUEUE; index += 1)
        taps.add(ORDERS_WORKLOAD, batchOf(observedRequest({ path })));
      await new Promise(setImmediate);
    }
    assert.ok(taps.dropped > 0);
  });

  for (const [query, status, code] of [
    ["?service=nobody", 404, "SERVICE_UNKNOWN"],
    ["?status=9", 400, "FILTER_INVALID"],
    ["?colour=red", 400, "FILTER_INVALID"],
  ] as const) {
    it(`answers ${status} to ${query}, and nobody is asked for anything`, async () => {
      const response = await ask(query);
      assert.equal(response.status, status);
      assert.equal(((await response.json()) as { error: { code: string } }).error.code, code);
      assert.equal(isWanted(), false);
    });
  }

  it("answers 503 to one reader too many", async () => {
    for (let index = 0; index < MOST_READERS; index += 1) await ask();
    const response = await ask();
    assert.equal(response.status, 503);
    assert.equal(((await response.json()) as { error: { code: string } }).error.code, "TAP_LIMIT");
  });

  for (const method of ["HEAD", "POST"]) {
    it(`answers 405 to ${method}`, async () => {
      const response = await ask("", method);
      assert.equal(response.status, 405);
      assert.equal(response.headers.get("allow"), "GET");
    });
  }
});
