import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ValuePool } from "../../../mesh/value-pool.ts";
import { sharedReports } from "../../../plugin/sidecars/endpoint-reports.ts";
import type { EndpointReport } from "../../../proxy/configuration/snapshot.ts";

const report = (id: string, latency = 0): EndpointReport => ({
  ...{ service: "orders", port: 8080, id, state: "healthy", reason: "", since: 0, share: 100 },
  ...{ ejections: 0, activeRequests: 0, latency },
});

describe("reports of endpoints", () => {
  it("say what the sidecar says, and are the objects of before where that is the same", () => {
    const pool = new ValuePool();
    const before = sharedReports([], [report("a"), report("b"), report("c")], pool);
    const said = [report("a"), report("b", 3), report("d"), report("c")];
    const now = sharedReports(before, said, pool);
    assert.deepEqual(now, said);
    assert.deepEqual(
      now.map((each, index) => each === before[index]),
      [true, false, false, false],
    );
    assert.deepEqual(sharedReports(now, [], pool), []);
  });
});
