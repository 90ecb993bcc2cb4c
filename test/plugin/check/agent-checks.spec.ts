import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type AgentFindings, agentChecks } from "../../../plugin/check/agent-checks.ts";
import type { Check } from "../../../plugin/check/check.ts";
import type { MeshStatus, Problem, WorkloadStatus } from "../../../plugin/status.ts";
import { EXAMPLE_NOW, exampleStatus } from "../commands/example-status.ts";

const SECOND = 1_000;
const HOUR = 3_600_000;
const [WORKLOAD] = exampleStatus.workloads;
const WELL: WorkloadStatus = {
  ...(WORKLOAD as WorkloadStatus),
  ...{ container: "shop-web-1", sidecar: "ready", intercept: "on" },
};
const [NODE] = exampleStatus.nodes;

const HEALTHY: MeshStatus = {
  ...exampleStatus,
  ...{ workloads: [WELL], problems: [], nodes: NODE === undefined ? [] : [NODE] },
};
const CONSUL = {
  ...{ version: "1.22.0", datacenter: "dc1", leader: "10.0.0.1:8300" },
  ...{ connectProblem: undefined, ahead: 200 },
};
const LEAF = {
  service: "shop-web",
  notBefore: EXAMPLE_NOW - HOUR,
  notAfter: EXAMPLE_NOW + 23 * HOUR,
};

function judged(changes: Partial<AgentFindings> = {}): readonly Check[] {
  return agentChecks({
    ...{ status: HEALTHY, healthy: true, consul: CONSUL, engineAhead: 3, leaves: [LEAF] },
    storage: { directory: "/var/lib/mesh", problem: undefined, freeBytes: 2 ** 30 },
    ...{ migrates: true, now: EXAMPLE_NOW },
    ...changes,
  });
}

const withStatus = (changes: Partial<MeshStatus>): Partial<AgentFindings> => ({
  status: { ...HEALTHY, ...changes },
});
const problem = (subject: string, message: string): Problem => ({
  ...{ subject, code: "ENGINE_REFUSED", message },
});

describe("the checks of an agent", () => {
  it("find nothing wrong with a healthy mesh", () => {
    assert.deepEqual(
      judged().map(({ name, state, found, cure }) => `${name} ${state}: ${found}${cure}`),
      [
        "work fine: agent 0.1.0 on node-1 does its work",
        "consul fine: Consul 1.22.0, datacenter dc1, with a leader and Connect",
        "clocks fine: the clocks that can be compared agree",
        "certificates fine: 1 service, the first to end has 23h left",
        "sidecars fine: 1 workload has a sidecar that is ready",
        "interception fine: installed beside 1 workload",
        "kernel fine: hands waiting connections over between sidecars",
        "nodes fine: this one alone",
        "storage fine: /var/lib/mesh is writable, 1024 MiB free",
        "problems fine: `docker mesh status` shows none besides",
      ],
    );
  });

  it("find nothing wrong with a mesh in which nothing runs yet, and with none but this node", () => {
    const empty = { ...withStatus({ workloads: [] }), leaves: [], consul: undefined };
    assert.ok(judged(empty).every(({ state }) => state === "fine"));
  });

  for (const [what, changes, name, expected] of [
    ["an agent that stands still", { healthy: false }, "work", /^failed: .*for a minute/],
    [
      "a Consul that does not answer",
      { consul: { problem: "ECONNREFUSED" } },
      "consul",
      /^failed: Consul does not answer: ECONNREFUSED.*MESH_CONSUL_ADDRESS/,
    ],
    [
      "servers without a leader",
      { consul: { ...CONSUL, leader: "" } },
      "consul",
      /^failed: .*no leader/,
    ],
    [
      "a Consul without Connect",
      { consul: { ...CONSUL, connectProblem: "Connect must be enabled" } },
      "consul",
      /^failed: .*signs no certificates: Connect must be enabled.*enable Connect/,
    ],
    [
      "a Consul that is just back",
      withStatus({ agent: { ...HEALTHY.agent, catalogReachable: false } }),
      "consul",
      /^warning: .*answers again/,
    ],
    [
      "a Consul whose clock is behind",
      { consul: { ...CONSUL, ahead: -45 * SECOND } },
      "clocks",
      /^warning: the Consul agent's clock is 45s behind the agent's/,
    ],
    [
      "an engine whose clock is far ahead",
      { engineAhead: 12 * 60 * SECOND },
      "clocks",
      /^failed: the engine's clock is 12m ahead of the agent's: certificates are refused/,
    ],
    [
      "certificates from the future",
      { leaves: [{ ...LEAF, notBefore: EXAMPLE_NOW + 60 * SECOND }] },
      "clocks",
      /^warning: .*issuer's clock is 1m ahead/,
    ],
    [
      "a certificate that should have been renewed",
      { leaves: [{ ...LEAF, notAfter: EXAMPLE_NOW + 600 * SECOND }] },
      "certificates",
      /^warning: that of shop-web ends in 10m/,
    ],
    [
      "a certificate that has ended",
      { leaves: [{ ...LEAF, notAfter: EXAMPLE_NOW - 1 }] },
      "certificates",
      /^failed: that of shop-web has expired/,
    ],
    [
      "a mesh without an authority",
      withStatus({ agent: { ...HEALTHY.agent, trustDomain: undefined } }),
      "certificates",
      /^failed: there is no authority yet/,
    ],
    [
      "a sidecar that fails",
      withStatus({
        workloads: [WELL, { ...WELL, container: "shop-orders-1", sidecar: "failing" }],
      }),
      "sidecars",
      /^failed: that of shop-orders-1 is failing/,
    ],
    [
      "a sidecar that is only coming up",
      withStatus({ workloads: [{ ...WELL, sidecar: "starting" }] }),
      "sidecars",
      /^warning: shop-web-1: not ready yet/,
    ],
    [
      "a kernel without nftables",
      withStatus({
        problems: [
          problem(
            "shop-web-1",
            "expected nft to install the redirection of shop-web-1, it ended with 1: no",
          ),
        ],
      }),
      "interception",
      /^failed: expected nft.*nf_tables.*mesh\.intercept=off/,
    ],
    ["an old kernel", { migrates: false }, "kernel", /^warning: .*Linux 5\.14/],
    [
      "a node without an agent",
      withStatus({ nodes: exampleStatus.nodes }),
      "nodes",
      /^failed: the agent of node-2 is silent, the agent of node-3 is absent/,
    ],
    [
      "nodes of several versions",
      withStatus({
        nodes: ["0.1.0", "0.2.0"].map((agentVersion, index) => ({
          ...{ node: `node-${index}`, agent: "ready" as const, agentVersion, sidecarVersions: [] },
        })),
      }),
      "nodes",
      /^warning: agents of several versions: 0\.1\.0, 0\.2\.0/,
    ],
    [
      "a volume that cannot be written to",
      { storage: { directory: "/var/lib/mesh", problem: "EROFS", freeBytes: 0 } },
      "storage",
      /^failed: nothing can be written to \/var\/lib\/mesh: EROFS/,
    ],
    [
      "a volume that is nearly full",
      { storage: { directory: "/var/lib/mesh", problem: undefined, freeBytes: 2 ** 20 } },
      "storage",
      /^warning: \/var\/lib\/mesh has 1 MiB free/,
    ],
    [
      "whatever the status tells of",
      withStatus({ problems: [problem("shop-web-1", "label mesh.port: expected a port")] }),
      "problem",
      /^failed: shop-web-1: label mesh\.port: expected a port.*docs\/errors\.md.*ENGINE_REFUSED/,
    ],
  ] as const satisfies readonly (readonly [string, Partial<AgentFindings>, string, RegExp])[]) {
    it(`find ${what}, and nothing else`, () => {
      const wrong = judged(changes).filter(({ state }) => state !== "fine");
      assert.deepEqual(
        wrong.map((check) => check.name),
        [name],
      );
      const [{ state, found, cure } = { state: "", found: "", cure: "" }] = wrong;
      assert.match(`${state}: ${found} ${cure}`, expected);
      assert.notEqual(cure, "");
    });
  }

  it("tell once of a Consul that is away", () => {
    const problems = [
      problem("consul", "consul is not reached yet"),
      problem("certificates", "that of shop-web cannot be had: consul did not answer"),
    ];
    const found = judged({ ...withStatus({ problems }), consul: { problem: "away" } });
    assert.equal(found.filter(({ state }) => state === "failed").length, 1);
  });
});
