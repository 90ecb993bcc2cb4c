// Requests through two real sidecars: what their agents are told of single ones, and what applications see of traces.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { connect } from "node:http2";
import { connect as connectTcp } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { ObservedRequest } from "../../proxy/configuration/observed-request.ts";
import { eventually } from "../helpers/eventually.ts";
import { call } from "../helpers/http-call.ts";
import { connectPair, type Pair, SidecarRig, type TestSidecar } from "../helpers/sidecar-rig.ts";

const TRACES = { traces: true, tap: false };
const TAP = { traces: false, tap: true };
const ALL = { "traces.share": "100" };
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";

function toldBy({ agent }: TestSidecar): readonly ObservedRequest[] {
  return agent.observed.flatMap(({ requests }) => requests);
}

/** The only request that both sidecars have told. */
async function both({
  caller,
  callee,
}: Pair): Promise<readonly [ObservedRequest, ObservedRequest]> {
  return await eventually(() => {
    const [outbound, ...more] = toldBy(caller);
    const [inbound, ...others] = toldBy(callee);
    assert.ok(outbound !== undefined && inbound !== undefined, "not told yet");
    assert.deepEqual([more, others], [[], []]);
    return [outbound, inbound];
  });
}

describe("single requests that sidecars tell of", () => {
  let rig: SidecarRig;
  let seen: IncomingHttpHeaders[];
  let pair: Pair;
  beforeEach(async () => {
    rig = await SidecarRig.create();
    seen = [];
    const application = await rig.httpApplication((request, response) => {
      seen.push(request.headers);
      response.statusCode = Number(/^\/status\/(\d+)/.exec(request.url ?? "")?.[1] ?? "200");
      response.end("four");
    });
    pair = await connectPair(rig, application);
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  /** Both sidecars, with this policy of the callee's. */
  const observe = async (
    observation: typeof TRACES,
    policy: Readonly<Record<string, string>> = {},
  ): Promise<void> => {
    const { caller, callee, outbound } = pair;
    await Promise.all([
      callee.configure({ observation, policy }),
      caller.configure({ observation, outbound: [{ ...outbound, policy }] }),
    ]);
  };

  it("are none while nobody asks, and headers of traces pass untouched", async () => {
    const headers = { traceparent: "whatever", b3: "it is", "x-b3-traceid": "to me" };
    await call({ ...pair.at, path: "/status/503", headers });
    await pair.caller.configure({});
    const { traceparent, b3, "x-b3-traceid": id } = seen[0] ?? {};
    assert.deepEqual({ traceparent, b3, "x-b3-traceid": id }, headers);
    assert.deepEqual([toldBy(pair.caller), toldBy(pair.callee)], [[], []]);
  });

  it("are one span at either end, of one trace, which the application can carry on", async () => {
    await observe(TRACES, ALL);
    await call({ ...pair.at, path: "/orders/1?token=secret", method: "POST", body: "12345" });
    const [outbound, inbound] = await both(pair);
    const { uri } = pair.caller.snapshot.certificates;
    assert.deepEqual(
      [outbound.reporter, outbound.peer, inbound.reporter, inbound.peer],
      ["source", "shop-orders", "destination", uri],
    );
    for (const request of [outbound, inbound]) {
      const { method, path, status, protocol, requestBytes, responseBytes } = request;
      assert.deepEqual([method, path, status, protocol], ["POST", "/orders/1", 200, "http1"]);
      assert.deepEqual([requestBytes, responseBytes, request.trace?.kept], [5, 4, true]);
      assert.ok(Math.abs(request.startedAt - Date.now()) < 60_000);
    }
    assert.equal(outbound.endpoint, pair.outbound.ports[0]?.endpoints[0]?.id);
    assert.equal(outbound.trace?.parentId, "");
    assert.equal(inbound.trace?.traceId, outbound.trace?.traceId);
    assert.equal(inbound.trace?.parentId, outbound.trace?.spanId);
    const { traceId, spanId } = inbound.trace ?? assert.fail();
    assert.equal(seen[0]?.["traceparent"], `00-${traceId}-${spanId}-03`);
  });

  it("carry on the trace with which the application calls", async () => {
    await observe(TRACES, { "traces.share": "0" });
    const headers = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "vendor=1" };
    await call({ ...pair.at, headers });
    const [outbound, inbound] = await both(pair);
    assert.deepEqual([outbound.trace?.traceId, outbound.trace?.parentId], [TRACE, PARENT]);
    assert.equal(inbound.trace?.state, "vendor=1");
    assert.equal(seen[0]?.["tracestate"], "vendor=1");
  });

  it("go on in Zipkin's form when they came in it", async () => {
    await observe(TRACES);
    await call({ ...pair.at, headers: { b3: `${TRACE}-${PARENT}-1` } });
    const [, inbound] = await both(pair);
    assert.equal(seen[0]?.["b3"], `${TRACE}-${inbound.trace?.spanId}-1-${inbound.trace?.parentId}`);
  });

  it("are decided once: what the caller's sidecar does not sample the callee's does not", async () => {
    await observe(TRACES, { "traces.share": "50" });
    for (let number = 0; number < 40; number += 1) await call({ ...pair.at });
    const ids = (sidecar: TestSidecar): unknown =>
      toldBy(sidecar)
        .map(({ trace }) => trace?.traceId)
        .sort();
    const sampled = seen.filter(({ traceparent }) => String(traceparent).endsWith("3")).length;
    assert.ok(sampled > 0 && sampled < 40, `${sampled} of 40`);
    await eventually(() => {
      assert.equal(toldBy(pair.caller).length, sampled);
      assert.deepEqual(ids(pair.caller), ids(pair.callee));
    });
  });

  it("are kept when they fail, in one trace, whatever the share", async () => {
    await observe(TRACES, { "traces.share": "0" });
    await call({ ...pair.at });
    await call({ ...pair.at, path: "/status/500" });
    const [outbound, inbound] = await both(pair);
    assert.equal(outbound.path, "/status/500");
    assert.equal(inbound.trace?.parentId, outbound.trace?.spanId);
  });

  it("tell of the tries before the last one", async () => {
    const away = { ...pair.outbound.ports[0]?.endpoints[0], id: "a-dead-one", port: 1 };
    const ports = pair.outbound.ports.map((port) => ({
      ...port,
      endpoints: [away, ...port.endpoints],
    }));
    await pair.callee.configure({ observation: TAP });
    const outbound = { ...pair.outbound, ports, policy: { "balance.algorithm": "round-robin" } };
    await pair.caller.configure({ observation: TAP, outbound: [outbound as Pair["outbound"]] });
    for (let number = 0; number < 4; number += 1) await call({ ...pair.at });
    await eventually(() => {
      const tried = toldBy(pair.caller).find(({ tries }) => tries.length > 0);
      const { endpoint, outcome, endedAfter = -1 } = tried?.tries[0] ?? {};
      assert.deepEqual([endpoint, outcome], ["a-dead-one", "ENDPOINTS_UNREACHABLE"]);
      assert.ok(endedAfter >= 0 && endedAfter <= (tried?.milliseconds ?? 0));
      assert.notEqual(tried?.endpoint, "a-dead-one");
    });
  });

  it("tell which rule has refused them", async () => {
    await pair.caller.configure({ observation: TAP });
    await pair.callee.configure({ observation: TAP, policy: { deny: "shop-web" } });
    assert.equal((await call({ ...pair.at })).status, 403);
    const [outbound, inbound] = await both(pair);
    assert.equal(inbound.failure, "ACCESS_DENIED");
    assert.equal(inbound.reason, "deny");
    assert.deepEqual([outbound.status, outbound.reason], [403, undefined]);
  });

  it("tell where a caller without identity came from", async () => {
    await pair.callee.configure({ observation: TAP });
    await call({ port: pair.inbound.plaintextPort ?? 0 });
    await eventually(() => {
      const [request] = toldBy(pair.callee);
      assert.deepEqual([request?.peer, request?.address], ["", "127.0.0.1"]);
    });
  });

  it("tell of those that were no requests", async () => {
    await pair.caller.configure({ observation: TAP });
    const socket = connectTcp(pair.at.port, pair.at.host);
    socket.end("GET / HTTP/1.1\r\nhost : a\r\n\r\n").resume();
    await once(socket, "close");
    await eventually(() => {
      const [request] = toldBy(pair.caller);
      assert.deepEqual([request?.failure, request?.status], ["REQUEST_MALFORMED", 400]);
      assert.ok((request?.reason ?? "").length > 0);
    });
  });

  it("are told in HTTP/2 as well, where nothing of the trace is lost", async () => {
    await observe(TRACES);
    const session = connect(`http://${pair.at.host}:${pair.at.port}`);
    const stream = session.request({ ":path": "/h2", traceparent: `00-${TRACE}-${PARENT}-01` });
    stream.resume();
    await once(stream, "end");
    session.close();
    const [outbound, inbound] = await both(pair);
    assert.deepEqual(
      [outbound.protocol, outbound.path, outbound.trace?.parentId],
      ["http2", "/h2", PARENT],
    );
    assert.equal(inbound.trace?.parentId, outbound.trace?.spanId);
  });

  it("are gRPC's when they are refused, too, with the status that its caller sees", async () => {
    await pair.caller.configure({ observation: TAP });
    await pair.callee.configure({ observation: TAP, policy: { deny: "shop-web" } });
    const session = connect(`http://${pair.at.host}:${pair.at.port}`);
    const fields = { ":path": "/shop.Orders/Get", "content-type": "application/grpc" };
    const stream = session.request({ ...fields, ":method": "POST" });
    stream.end();
    const [answer] = (await once(stream.resume(), "response")) as [Record<string, unknown>];
    session.close();
    const [outbound, inbound] = await both(pair);
    assert.equal(answer["grpc-status"], "7");
    for (const { protocol, grpcStatus } of [outbound, inbound])
      assert.deepEqual([protocol, grpcStatus], ["grpc", "7"]);
  });

  it("wait for an agent that is away, and are told when it is back", async () => {
    await observe(TRACES, ALL);
    pair.caller.agent.observedStatus = 503;
    await call({ ...pair.at });
    await eventually(() => assert.equal(toldBy(pair.callee).length, 1));
    assert.deepEqual(toldBy(pair.caller), []);
    pair.caller.agent.observedStatus = 204;
    await eventually(() => assert.equal(toldBy(pair.caller).length, 1));
  });

  it("are counted as lost when the agent cannot understand them, and hold nothing up", async () => {
    await observe(TRACES, ALL);
    pair.caller.agent.observedStatus = 400;
    await call({ ...pair.at });
    await eventually(() => assert.equal(toldBy(pair.callee).length, 1));
    await pair.caller.configure({});
    pair.caller.agent.observedStatus = 204;
    await call({ ...pair.at, path: "/next" });
    await eventually(() => {
      const lost = pair.caller.agent.observed.reduce(
        (sum, { droppedSpans }) => sum + droppedSpans,
        0,
      );
      assert.deepEqual([toldBy(pair.caller).map(({ path }) => path), lost], [["/next"], 1]);
    });
  });

  it("are no more told once nobody asks any more", async () => {
    await observe(TAP);
    await call({ ...pair.at });
    await both(pair);
    await observe({ traces: false, tap: false });
    await call({ ...pair.at });
    await observe(TAP);
    await call({ ...pair.at, path: "/last" });
    await eventually(() => assert.equal(toldBy(pair.caller).at(-1)?.path, "/last"));
    assert.equal(toldBy(pair.caller).length, 2);
  });
});
