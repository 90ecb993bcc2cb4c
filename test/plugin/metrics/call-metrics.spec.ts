import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { CallMetrics } from "../../../plugin/metrics/call-metrics.ts";
import { isCalls } from "../../../plugin/sidecars/traffic-shape.ts";
import type { CallsReport } from "../../../proxy/configuration/calls-report.ts";

const NOTHING = { retries: 0, ejections: 0, overflows: {}, open: [] };

describe("the metrics of calls", () => {
  let metrics: CallMetrics;

  beforeEach(() => {
    metrics = new CallMetrics();
  });

  const add = (service: string, now: number, report: Partial<CallsReport> = {}): void =>
    metrics.add({ service: "web" }, [{ service, ...NOTHING, ...report }], now);
  const values = (now: number): readonly string[] =>
    metrics
      .families(now)
      .flatMap(({ name, samples }) =>
        samples
          .filter(({ value }) => value > 0)
          .map(({ labels, value }) => `${name} ${Object.values(labels).join(" ")} ${value}`),
      );

  it("add up what all copies tell, service by service", () => {
    add("orders", 0, { retries: 2, overflows: { requests: 3 } });
    add("orders", 0, { retries: 1, ejections: 1, overflows: { "retry-budget": 1 } });
    add("users", 0, { ejections: 4 });
    assert.deepEqual(values(0), [
      "mesh_retries_total web orders 3",
      "mesh_ejections_total web orders 1",
      "mesh_ejections_total web users 4",
      "mesh_breaker_overflows_total web orders requests 3",
      "mesh_breaker_overflows_total web orders retry-budget 1",
    ]);
  });

  it("go on as long as a sidecar names the service, and forget it ten minutes later", () => {
    add("orders", 0, { retries: 1 });
    add("orders", 300_000);
    assert.equal(values(900_000).length, 1);
    assert.equal(values(900_001).length, 0);
  });

  it("leave aside what a newer sidecar counts and this agent does not know", () => {
    add("orders", 0, { overflows: { wishes: 3 } as object });
    assert.deepEqual(values(0), []);
  });

  it("are bounded", () => {
    for (let number = 0; number < 6_000; number += 1) add(`orders-${number}`, 0, { retries: 1 });
    assert.equal(values(0).length, 5_000);
  });
});

describe("what a sidecar reports of calls", () => {
  for (const [what, calls, expected] of [
    ["nothing, as sidecars before 0.2 do", undefined, true],
    [
      "a service",
      [{ service: "orders", ...NOTHING, overflows: { retries: 1 }, open: ["pending"] }],
      true,
    ],
    ["a limit of a newer sidecar", [{ service: "orders", ...NOTHING, open: ["wishes"] }], true],
    ["an overflow of it", [{ service: "orders", ...NOTHING, overflows: { wishes: 1 } }], true],
    ["a limit that is no name", [{ service: "orders", ...NOTHING, open: ["a\nb"] }], false],
    ["less than nothing", [{ service: "orders", ...NOTHING, retries: -1 }], false],
    ["no name", [{ ...NOTHING }], false],
    ["no list", {}, false],
  ] as const) {
    it(`${expected ? "may" : "must not"} be ${what}`, () => assert.equal(isCalls(calls), expected));
  }
});
