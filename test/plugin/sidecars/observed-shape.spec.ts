import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readObservedRequests } from "../../../plugin/sidecars/observed-shape.ts";
import { BATCH_LIMIT, PATH_LIMIT } from "../../../proxy/configuration/observed-request.ts";
import { batchOf, observedRequest } from "../../helpers/observed.ts";

const TRACE = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  parentId: "00f067aa0ba902b7",
  state: "congo=t61rcWkgMzE",
  kept: true,
};
const FULL = observedRequest({
  ...{ failure: "ENDPOINTS_UNREACHABLE", reason: "no rule allows it", grpcStatus: "14" },
  ...{ protocol: "grpc", address: "192.0.2.1", endpoint: "shop-orders-a", version: "v2" },
  tries: [{ endpoint: "shop-orders-b", endedAfter: 2.5, outcome: "503" }],
  trace: TRACE,
});

describe("requests that a sidecar tells of", () => {
  const read = (requests: readonly unknown[], counts: object = {}): unknown =>
    readObservedRequests(JSON.stringify({ ...batchOf(), ...counts, requests }));
  const told = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

  for (const [what, request] of [
    ["as little as there may be", observedRequest()],
    ["everything", FULL],
    ["the first span of a trace", { ...FULL, trace: { ...TRACE, parentId: "", state: "" } }],
    ["a request without an answer", observedRequest({ status: 0, host: "", method: "", path: "" })],
  ] as const) {
    it(`are taken with ${what}`, () => {
      assert.deepEqual(told(read([request])), told(batchOf(request)));
    });
  }

  it("are taken as many as fit, and no more", () => {
    const requests = Array.from({ length: BATCH_LIMIT }, () => observedRequest());
    assert.notEqual(read(requests), undefined);
    assert.equal(read([...requests, observedRequest()]), undefined);
  });

  it("may have failed in a way that only newer sidecars know", () => {
    const newer = { ...FULL, failure: "NOT_KNOWN_YET" };
    assert.ok(read([newer]));
  });

  it("lose what is not known", () => {
    const tries = FULL.tries.map((each) => ({ ...each, more: 1 }));
    const more = { ...FULL, more: "x".repeat(9), tries, trace: { ...TRACE, more: 1 } };
    assert.deepEqual(told(read([more], { more: 1 })), told(batchOf(FULL)));
  });

  for (const [what, changes] of [
    ["another end", { reporter: "middle" }],
    ["no peer", { peer: undefined }],
    ["a peer that is too long", { peer: "x".repeat(601) }],
    ["an address that is a number", { address: 1 }],
    ["a start that is a text", { startedAt: "1" }],
    ["a start before time", { startedAt: -1 }],
    ["a start that nanoseconds cannot say", { startedAt: 1e300 }],
    ["a duration that is none", { milliseconds: null }],
    ["a protocol that is not known", { protocol: "quic" }],
    ["no method", { method: undefined }],
    ["a path that is too long", { path: "x".repeat(PATH_LIMIT + 1) }],
    ["a host that is too long", { host: "x".repeat(PATH_LIMIT + 1) }],
    ["half a status", { status: 200.5 }],
    ["a status of four digits", { status: 1_000 }],
    ["a failure that is a sentence", { failure: "something went wrong" }],
    ["a failure of the prototype", { failure: "constructor" }],
    ["a reason that is too long", { reason: "x".repeat(601) }],
    ["a gRPC status in words", { grpcStatus: "OK" }],
    ["no endpoint", { endpoint: null }],
    ["negative bytes", { requestBytes: -1 }],
    ["bytes that nobody can count", { responseBytes: 1e300 }],
    ["no tries", { tries: undefined }],
    ["too many tries", { tries: Array.from({ length: 33 }, () => FULL.tries[0]) }],
    ["a try that is nothing", { tries: [null] }],
    ["a try without an end", { tries: [{ endpoint: "a", outcome: "503" }] }],
    ["a trace that is nothing", { trace: null }],
    ["a trace id in upper case", { trace: { ...TRACE, traceId: TRACE.traceId.toUpperCase() } }],
    ["a trace id of zeros", { trace: { ...TRACE, traceId: "0".repeat(32) } }],
    ["a short trace id", { trace: { ...TRACE, traceId: TRACE.spanId } }],
    ["a span id of zeros", { trace: { ...TRACE, spanId: "0".repeat(16) } }],
    ["a parent that is none", { trace: { ...TRACE, parentId: "x" } }],
    ["a state that is too long", { trace: { ...TRACE, state: "x".repeat(8_193) } }],
    ["a decision that is a word", { trace: { ...TRACE, kept: "yes" } }],
  ] as const) {
    it(`are refused with ${what}`, () => {
      assert.equal(read([observedRequest(), { ...FULL, ...changes }]), undefined);
    });
  }

  for (const counts of [{ droppedSpans: -1 }, { droppedTaps: "1" }, { droppedLines: undefined }]) {
    it(`are refused with ${JSON.stringify(counts)}`, () => {
      assert.equal(read([], counts), undefined);
    });
  }

  for (const text of ["", "{", "null", "[]", "1", '{"requests":{}}']) {
    it(`are not ${JSON.stringify(text)}`, () => {
      assert.equal(readObservedRequests(text), undefined);
    });
  }
});
