import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { LocalWorkload } from "../../plugin/reconcile/reconciler.ts";
import { buildDirectory } from "../../plugin/sidecars/directory.ts";
import type { SidecarState } from "../../plugin/sidecars/sessions.ts";
import type { MeshStatus, WorkloadStatus } from "../../plugin/status.ts";
import { reportStatus, type StatusParts } from "../../plugin/status-report.ts";
import { toInstance } from "../../plugin/workload/health.ts";
import type { SidecarReport } from "../../proxy/configuration/snapshot.ts";
import { BUNDLE, leafOf } from "../helpers/leaves.ts";
import { NODE, reportOf, workloadOf } from "../helpers/workloads.ts";

const WORKLOAD = workloadOf("orders", "a", { version: "v2" });
const INSTANCE = toInstance(WORKLOAD, NODE);

function sidecar(report: Partial<SidecarReport> | "silent", lost = false): SidecarState {
  return { sidecarId: "s1", report: report === "silent" ? undefined : reportOf(report), lost };
}

function local(changes: Partial<LocalWorkload> = {}): LocalWorkload {
  return {
    workload: WORKLOAD,
    instance: INSTANCE,
    health: "passing",
    note: "accepts connections",
    sidecar: sidecar({}),
    adopted: false,
    registered: true,
    ...changes,
  };
}

function status(changes: Partial<StatusParts> = {}): MeshStatus {
  return reportStatus({
    agent: {
      version: "0.1.0",
      node: NODE,
      engineVersion: "20.10.24",
      catalog: "consul",
      startedAt: 1_000,
    },
    catalog: { reachable: true, since: 0, problem: undefined },
    bundle: BUNDLE,
    authorityProblem: undefined,
    nodes: [],
    services: [],
    policyVersion: () => 7,
    workloads: [local()],
    leafExpiry: leafOf,
    problems: [],
    ...changes,
  });
}

function workloadStatus(changes: Partial<LocalWorkload>): WorkloadStatus {
  const [workload] = status({ workloads: [local(changes)] }).workloads;
  assert.ok(workload);
  return workload;
}

const NOBODY_THERE =
  "No Consul answers at MESH_CONSUL_ADDRESS: start it (on a swarm `docker service ps --no-trunc mesh_consul` shows what keeps it), " +
  "or correct the address";
const NO_TIMES = { count: 0, p50: 0, p99: 0 };

describe("the status of a node", () => {
  it("tells who the agent is and what it has reached", () => {
    assert.deepEqual(status().agent, {
      version: "0.1.0",
      node: "node-a",
      engineVersion: "20.10.24",
      catalog: "consul",
      catalogReachable: true,
      trustDomain: "mesh.test",
      startedAt: 1_000,
    });
    assert.equal(status({ bundle: undefined }).agent.trustDomain, undefined);
  });

  it("tells of the nodes that it was told of", () => {
    const nodes = [
      { node: NODE, agent: "ready", agentVersion: "0.1.0", sidecarVersions: [] },
    ] as const;
    assert.deepEqual(status({ nodes }).nodes, nodes);
  });

  it("tells of each service how many copies are well", () => {
    const entries = [
      { instance: INSTANCE, health: "passing" },
      { instance: toInstance(workloadOf("orders", "b"), "node-b"), health: "draining" },
      { instance: toInstance(workloadOf("orders", "c"), "node-c"), health: "passing" },
    ] as const;
    const { services } = buildDirectory(entries, []);
    assert.deepEqual(status({ services }).services, [
      {
        service: "shop-orders",
        protocol: "http",
        ports: [8080],
        instances: 3,
        passing: 2,
        policyVersion: 7,
      },
    ]);
  });

  it("tells of each workload how it is, who it is and what it has done", () => {
    const counters = {
      ...reportOf().counters,
      inboundTls: 5,
      inboundPlaintext: 2,
      outbound: { "shop-inventory": 3, "shop-redis": 4 },
      outboundFailed: 1,
      failures: { CONNECTION_LOST: 1 },
      auditedDenials: 4,
      connections: 12,
    };
    assert.deepEqual(workloadStatus({ sidecar: sidecar({ counters }) }), {
      service: "shop-orders",
      container: "shop-orders-1",
      containerId: WORKLOAD.containerId,
      version: "v2",
      health: "passing",
      sidecar: "ready",
      mtls: "permissive",
      intercept: "on",
      egress: "allow",
      identity: "spiffe://mesh.test/ns/default/dc/dc1/svc/shop-orders",
      certificateExpiresAt: 86_400_000,
      requests: {
        ...{ inboundTls: 5, inboundPlaintext: 2, outbound: 7, outboundFailed: 1 },
        ...{
          failures: { CONNECTION_LOST: 1 },
          auditedDenials: 4,
          connections: 12,
          refusedPeers: 0,
          linkViolations: 0,
        },
        ...{ inboundTimes: NO_TIMES, outboundTimes: NO_TIMES },
      },
      sidecarResidentBytes: 50_000_000,
    });
  });

  for (const [what, state, expected] of [
    ["there is none", undefined, "absent"],
    ["it is silent yet", sidecar("silent"), "starting"],
    ["it opens its ports", sidecar({ ready: false }), "starting"],
    ["it is ready", sidecar({}), "ready"],
    ["it has a problem", sidecar({ problems: ["no hosts file"] }), "failing"],
    ["it fell silent", sidecar({}, true), "failing"],
  ] as const) {
    it(`calls a sidecar ${expected} when ${what}`, () => {
      assert.equal(workloadStatus({ sidecar: state }).sidecar, expected);
    });
  }

  it("calls a workload starting of which an agent after a restart knows nothing yet", () => {
    assert.equal(workloadStatus({ health: "unknown" }).health, "starting");
  });

  it("tells no identity before the sidecar has its first snapshot", () => {
    const { identity, certificateExpiresAt, requests } = workloadStatus({
      sidecar: sidecar({ version: undefined }),
    });
    assert.deepEqual([identity, certificateExpiresAt], [undefined, undefined]);
    assert.equal(requests.outbound, 0);
  });
});

describe("the problems of a node", () => {
  it("are none when all is well", () => {
    assert.deepEqual(status().problems, []);
  });

  it("come from everywhere, sorted by what they are about", () => {
    const { problems } = status({
      catalog: { reachable: false, since: 0, problem: "connect ECONNREFUSED 198.18.0.2:8500" },
      authorityProblem: "the CA does not answer",
      workloads: [local({ sidecar: sidecar({ problems: ["port 21000 is in use"] }) })],
      problems: [{ subject: "engine", code: "ENGINE_UNAVAILABLE", message: "no answer" }],
    });
    assert.deepEqual(
      problems.map(({ subject, code, message }) => `${subject} ${code} ${message}`),
      [
        "certificates CERTIFICATE_INVALID the CA does not answer",
        `consul CATALOG_UNAVAILABLE connect ECONNREFUSED 198.18.0.2:8500; traffic goes on with what was known last. ${NOBODY_THERE}`,
        "engine ENGINE_UNAVAILABLE no answer",
        "shop-orders-1 SIDECAR_PROBLEM port 21000 is in use",
      ],
    );
  });

  it("name a catalog that answers and refuses, and what it may be missing", () => {
    const { problems } = status({
      catalog: { reachable: true, since: 0, problem: "consul answered 403 to agent/services" },
    });
    assert.deepEqual(problems, [
      {
        subject: "consul",
        code: "CATALOG_REFUSED",
        message:
          "consul answered 403 to agent/services; where Consul uses access control, MESH_CONSUL_TOKEN must hold a token that allows it",
      },
    ]);
  });

  it("name a catalog that was never reached", () => {
    const { problems } = status({ catalog: { reachable: false, since: 0, problem: undefined } });
    assert.deepEqual(
      problems.map(({ message }) => message),
      [`not reached yet; traffic goes on with what was known last. ${NOBODY_THERE}`],
    );
  });

  it("name a Consul agent that answers and reaches no server, or is late, with where to look", () => {
    for (const found of [
      "consul answered 500 to catalog/services: No known Consul servers",
      "consul did not answer health/service/shop-orders: nothing within 5000 ms",
    ]) {
      const { problems } = status({ catalog: { reachable: false, since: 0, problem: found } });
      assert.equal(
        problems[0]?.message,
        `${found}; traffic goes on with what was known last. Consul has no leader, is overloaded, or its agent on this node reaches no ` +
          "server: see that the servers run (on a swarm `docker service ps mesh_consul-server`) and that ports 7946 (TCP and UDP) and " +
          "4789 (UDP) are open between the nodes",
      );
    }
  });
});
