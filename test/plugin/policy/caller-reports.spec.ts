import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { callerReports } from "../../../plugin/policy/caller-reports.ts";
import type { EndpointReport } from "../../../proxy/configuration/snapshot.ts";
import { reportOf, workloadOf } from "../../helpers/workloads.ts";

function endpoint(id: string, changes: Partial<EndpointReport> = {}): EndpointReport {
  return {
    ...{ service: "shop-orders", port: 8080, id, state: "healthy", reason: "", since: 0 },
    ...{ share: 100, ejections: 0, activeRequests: 1, latency: 2.5 },
    ...changes,
  };
}

describe("how callers see a service", () => {
  const caller = (name: string, letter: string, endpoints: readonly EndpointReport[]) => ({
    workload: workloadOf(name, letter),
    sidecar: { sidecarId: `s-${letter}`, report: reportOf({ endpoints }), lost: false },
  });

  it("is told caller by caller, endpoint by endpoint, and of no other service", () => {
    const ejected = { state: "ejected", reason: "5 in a row", since: 7, share: 0 } as const;
    const found = callerReports("shop-orders", [
      caller("web", "b", [endpoint("o2", ejected), endpoint("o1", { port: 9090 }), endpoint("o1")]),
      caller("api", "a", [endpoint("o1"), endpoint("i1", { service: "shop-inventory" })]),
      { workload: workloadOf("new", "c"), sidecar: undefined },
    ]);
    assert.deepEqual(
      found.map((each) => `${each.caller} ${each.endpoint}:${each.port} ${each.state}`),
      [
        "shop-api-1 o1:8080 healthy",
        "shop-web-1 o1:8080 healthy",
        "shop-web-1 o1:9090 healthy",
        "shop-web-1 o2:8080 ejected",
      ],
    );
    assert.deepEqual(found[3], {
      ...{ caller: "shop-web-1", callerService: "shop-web", endpoint: "o2", port: 8080 },
      ...{ ...ejected, ejections: 0, active: 1, latency: 2.5 },
    });
  });
});
