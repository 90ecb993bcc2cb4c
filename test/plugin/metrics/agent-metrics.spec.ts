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

  it("count problems by their code", () => {
    const total = lines
      .filter((line) => line.startsWith("mesh_problems{"))
      .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    assert.equal(total, exampleStatus.problems.length);
  });
});
