import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, it } from "mocha";
import type { MeshStatus, WorkloadStatus } from "../../plugin/status.ts";
import { SetupError } from "../../scripts/command.ts";
import { publishedPorts, requireFreePorts } from "../../scripts/mesh/ports.ts";
import { renderSummary } from "../../scripts/mesh/proof.ts";
import { describeMissing } from "../../scripts/mesh/ready.ts";

const NO_TIMES = { count: 0, p50: 0, p99: 0 };

const WORKLOAD: WorkloadStatus = {
  service: "shop-orders",
  container: "shop-orders-1",
  containerId: "a1",
  version: undefined,
  health: "passing",
  sidecar: "ready",
  mtls: "permissive",
  intercept: "on",
  egress: "allow",
  identity: "spiffe://t/ns/default/dc/dc1/svc/shop-orders",
  certificateExpiresAt: undefined,
  requests: {
    ...{ inboundTls: 20, inboundPlaintext: 0, outbound: 0, outboundFailed: 0 },
    ...{ failures: {}, auditedDenials: 0, connections: 0, refusedPeers: 0, linkViolations: 0 },
    ...{ inboundTimes: NO_TIMES, outboundTimes: NO_TIMES },
  },
  sidecarResidentBytes: undefined,
};

const STATUS: MeshStatus = {
  agent: {
    version: "0.1.0",
    node: "n",
    engineVersion: "20.10",
    catalog: "consul",
    catalogReachable: true,
    trustDomain: "t",
    startedAt: 0,
  },
  nodes: [],
  services: [],
  workloads: [WORKLOAD],
  problems: [],
};

describe("npm start", () => {
  it("finds all well when every labelled container has a ready sidecar and passes", () => {
    assert.deepEqual(describeMissing(STATUS, new Map([["a1", "shop-orders-1"]])), []);
  });

  it("says for each container what it waits for, and what the agent reports", () => {
    const status: MeshStatus = {
      ...STATUS,
      workloads: [WORKLOAD, { ...WORKLOAD, containerId: "b2", sidecar: "failing" }],
      problems: [{ subject: "shop-web-1", code: "LABEL_INVALID", message: "mesh.port: no port" }],
    };
    const containers = new Map([
      ["a1", "shop-orders-1"],
      ["b2", "shop-orders-2"],
      ["c3", "shop-web-1"],
    ]);
    assert.deepEqual(describeMissing(status, containers), [
      "shop-orders-2: its sidecar is failing",
      "shop-web-1 is not in the mesh yet",
      "shop-web-1: mesh.port: no port",
    ]);
  });

  it("waits for the catalog first", () => {
    const agent = { ...STATUS.agent, catalogReachable: false, trustDomain: undefined };
    assert.deepEqual(describeMissing({ ...STATUS, agent }, new Map()), [
      "the agent does not reach its catalog (consul)",
    ]);
  });

  it("sums a service's replicas up in one row", () => {
    const requests = { ...WORKLOAD.requests, inboundTls: 3, inboundPlaintext: 2 };
    const second: WorkloadStatus = { ...WORKLOAD, containerId: "b2", health: "critical", requests };
    const text = renderSummary({ ...STATUS, workloads: [WORKLOAD, second] });
    assert.match(text, /^SERVICE +REPLICAS +IDENTITY +MTLS +REQUESTS\n/);
    assert.match(
      text,
      /shop-orders +1\/2 +spiffe:\S+\/svc\/shop-orders +permissive +23 mTLS, 2 from outside\n/,
    );
  });

  it("names a taken port and the variable that changes it", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    try {
      const { consul } = publishedPorts({ MESH_CONSUL_PORT: String(port) });
      await assert.rejects(
        requireFreePorts([consul], []),
        (error) =>
          error instanceof SetupError &&
          error.message.includes(`port ${port} `) &&
          error.message.includes("MESH_CONSUL_PORT="),
      );
    } finally {
      server.close();
    }
  });

  it("refuses a variable that holds no port", () => {
    for (const text of ["http", "0", "65536", "80.5"]) {
      assert.throws(() => publishedPorts({ MESH_DEMO_PORT: text }), /MESH_DEMO_PORT/);
    }
  });
});
