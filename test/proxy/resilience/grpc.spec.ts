// Policies on calls of gRPC: its statuses as conditions and as outcomes, its deadlines, and the mesh's answers in its way.
import assert from "node:assert/strict";
import { Metadata, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import {
  dialOf,
  inboundPort,
  outboundService,
  SidecarRig,
  type TestSidecar,
} from "../../helpers/sidecar-rig.ts";
import { GrpcClient, startGrpcServer } from "../http2/grpc-service.ts";

describe("calls of gRPC under a policy", () => {
  let rig: SidecarRig;
  let caller: TestSidecar;
  let calls: number;
  let client: GrpcClient | undefined;
  beforeEach(async () => {
    rig = await SidecarRig.create();
    caller = await rig.sidecar("shop-web");
    calls = 0;
  });
  afterEach(async () => {
    client?.close();
    await rig[Symbol.asyncDispose]();
  });

  /** Copies of one application that fails its first calls in this way, and a client for them. */
  const failing = async (
    code: number,
    times: number,
    policy: PolicyDocument,
  ): Promise<GrpcClient> => {
    const server = await startGrpcServer({
      ask: (_call, reply) => {
        calls += 1;
        if (calls > times) reply(null, Buffer.from("fine"));
        else reply({ code, details: "not now", metadata: new Metadata() });
      },
    });
    rig.defer(() => server.close());
    const callee = await rig.sidecar("shop-orders");
    const inbound = [
      await inboundPort(server.port, { protocol: "grpc" }),
      await inboundPort(server.port, { protocol: "grpc" }),
    ];
    await callee.configure({ inbound });
    const tlsPorts = inbound.map(({ tlsPort }) => tlsPort);
    const outbound = await outboundService("shop-orders", tlsPorts, {
      ...{ protocol: "grpc", policy: { "balance.algorithm": "round-robin", ...policy } },
    });
    await caller.configure({ outbound: [outbound] });
    const { host, port } = dialOf(outbound);
    client = new GrpcClient(`${host}:${port}`);
    return client;
  };

  it("are made again on a status that the policy names", async () => {
    const policy = { "retries.on": "unavailable,non-idempotent", "retries.backoff": "1ms" };
    const to = await failing(status.UNAVAILABLE, 1, policy);
    assert.equal((await to.ask("x")).message, "fine");
    assert.equal(calls, 2);
  });

  it("are not made again otherwise: they are POSTs", async () => {
    const to = await failing(status.UNAVAILABLE, 1, { "retries.on": "unavailable" });
    assert.equal((await to.ask("x")).error?.code, status.UNAVAILABLE);
    assert.equal(calls, 1);
  });

  it("count as failures of their endpoint by their own status", async () => {
    const to = await failing(status.INTERNAL, 100, {
      "outlier.consecutive-5xx": "3",
    });
    for (let call = 0; call < 6; call += 1) assert.ok((await to.ask("x")).error);
    const states = caller.sidecar.report().endpoints.map(({ state }) => state);
    assert.ok(states.includes("ejected"), states.join(" and "));
  });

  it("end with the mesh's answer in their own way, its fields included", async () => {
    const to = await failing(status.OK, 0, {
      "route.all.path-prefix": "/",
      "route.all.abort": "503",
    });
    const { error, metadata, trailers } = await to.ask("x");
    assert.equal(error?.code, status.UNAVAILABLE);
    assert.equal(calls, 0);
    const failure = [...metadata.get("x-mesh-failure"), ...trailers.get("x-mesh-failure")];
    assert.equal(failure[0], "FAULT_INJECTED");
  });

  it("end when their time is up, which is said in their own way", async () => {
    const server = await startGrpcServer({ ask: () => undefined });
    rig.defer(() => server.close());
    const callee = await rig.sidecar("shop-orders");
    const inbound = await inboundPort(server.port, { protocol: "grpc" });
    await callee.configure({ inbound: [inbound] });
    const outbound = await outboundService("shop-orders", [inbound.tlsPort], {
      ...{ protocol: "grpc", policy: { "timeouts.request": "150ms" } },
    });
    await caller.configure({ outbound: [outbound] });
    const { host, port } = dialOf(outbound);
    client = new GrpcClient(`${host}:${port}`);
    const { error } = await client.ask("x");
    assert.equal(error?.code, status.DEADLINE_EXCEEDED);
    assert.match(error.details, /within the time that the request has/);
  });
});
