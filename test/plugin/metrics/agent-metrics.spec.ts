import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { agentMetrics } from "../../../plugin/metrics/agent-metrics.ts";
import { writeFamilies } from "../../../plugin/metrics/exposition.ts";
import { exampleStatus } from "../commands/example-status.ts";

describe("the metrics of a node", () => {
  const lines = [...writeFamilies(agentMetrics(exampleStatus, []))].join("").split("\n");

  for (const line of [
    'mesh_agent_info{node="node-1",version="0.1.0"} 1',
    "mesh_catalog_reachable 1",
  ]) {
    it(`have ${line}`, () => assert.ok(lines.includes(line), lines.join("\n")));
  }

  it("count workloads by the state of their sidecar, none as well", () => {
    const own = lines.filter((line) => line.startsWith('mesh_sidecars{service="shop-inventory"'));
    assert.equal(own.length, 4);
    const total = own.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    const { workloads } = exampleStatus;
    assert.equal(total, workloads.filter(({ service }) => service === "shop-inventory").length);
  });

  it("tell when the first certificate of a service ends, in seconds", () => {
    const expiry = exampleStatus.workloads.find(({ certificateExpiresAt }) => certificateExpiresAt);
    const line = `mesh_certificate_expiry_timestamp_seconds{service="${expiry?.service}"}`;
    const value = Number(
      lines
        .find((each) => each.startsWith(line))
        ?.split(" ")
        .at(-1),
    );
    assert.equal(value, (expiry?.certificateExpiresAt ?? 0) / 1_000);
  });

  it("tell which endpoints a caller has something against, and which of its limits are reached", () => {
    const copies = [
      [{ id: "orders-1", state: "ejected" }, ["requests"]],
      [{ id: "orders-1", state: "ejected" }, []],
      [{ id: "orders-2", state: "probing" }, ["requests", "retries"]],
      [{ id: "orders-3", state: "healthy" }, []],
    ] as const;
    const local = copies.map(([endpoint, open]) => {
      const calls = [{ service: "orders", retries: 0, ejections: 0, overflows: {}, open }];
      const report = { endpoints: [{ service: "orders", ...endpoint }], calls };
      return { workload: { service: "web" }, sidecar: { report } };
    });
    const said = [
      ...writeFamilies(
        agentMetrics(exampleStatus, local as unknown as Parameters<typeof agentMetrics>[1]),
      ),
    ]
      .join("")
      .split("\n");
    const ends = 'source_workload="web",destination_service_name="orders"';
    assert.deepEqual(
      said.filter((line) => line.startsWith("mesh_endpoint_circuit{")),
      [
        `mesh_endpoint_circuit{${ends},endpoint="orders-1",state="ejected"} 2`,
        `mesh_endpoint_circuit{${ends},endpoint="orders-2",state="probing"} 1`,
      ],
    );
    assert.deepEqual(
      said.filter((line) => line.startsWith("mesh_breaker_open{")),
      [
        `mesh_breaker_open{${ends},limit="connections"} 0`,
        `mesh_breaker_open{${ends},limit="pending"} 0`,
        `mesh_breaker_open{${ends},limit="requests"} 2`,
        `mesh_breaker_open{${ends},limit="retries"} 1`,
      ],
    );
  });

  it("count open connections of each service", () => {
    const service = String(exampleStatus.workloads[0]?.service);
    const own = exampleStatus.workloads.filter((each) => each.service === service);
    const open = own.reduce((sum, { requests }) => sum + requests.connections, 0);
    assert.ok(open > 0 && lines.includes(`mesh_connections{service="${service}"} ${open}`));
  });

  it("count problems by their code", () => {
    const total = lines
      .filter((line) => line.startsWith("mesh_problems{"))
      .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    assert.equal(total, exampleStatus.problems.length);
  });
});
