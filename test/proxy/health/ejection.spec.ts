// When a sidecar stops sending requests to an endpoint, and why.
import assert from "node:assert/strict";
import type { OutlierPolicy } from "../../../mesh/policy/policy.ts";
import type { FailureCode } from "../../../proxy/failures.ts";
import { calledEndpoints, callPolicy, ServiceRig } from "../../helpers/balancing.ts";

function rigOf(count: number, outlier: Partial<OutlierPolicy> = {}): ServiceRig {
  return new ServiceRig(calledEndpoints(count), callPolicy({}, outlier));
}

function reasonOf(rig: ServiceRig, id: string): string {
  return rig.service.report(0).find((report) => report.id === id)?.reason ?? "";
}

describe("an endpoint that fails in a row", () => {
  const failures: readonly (readonly [string, number | FailureCode, string])[] = [
    ["500", 500, "5 answers of 5xx in a row"],
    ["501", 501, "5 answers of 5xx in a row"],
    ["599", 599, "5 answers of 5xx in a row"],
    ["502", 502, "5 gateway failures in a row"],
    ["503", 503, "5 gateway failures in a row"],
    ["504", 504, "5 gateway failures in a row"],
    ["lost connections", "CONNECTION_LOST", "5 gateway failures in a row"],
    ["malformed responses", "RESPONSE_MALFORMED", "5 gateway failures in a row"],
    [
      "an unreachable sidecar",
      "ENDPOINTS_UNREACHABLE",
      "5 connections in a row that could not be made",
    ],
    [
      "a closed application",
      "APPLICATION_UNREACHABLE",
      "5 connections in a row that could not be made",
    ],
    ["tries that time out", "TRY_TIMED_OUT", "5 timeouts in a row"],
    ["requests that time out", "REQUEST_TIMED_OUT", "5 timeouts in a row"],
  ];
  for (const [name, failure, reason] of failures) {
    it(`is ejected for ${name}, the fifth time and not before`, () => {
      const rig = rigOf(2).fail("orders-0", failure, 4);
      assert.equal(rig.states[0], "orders-0 healthy 100 %");
      rig.fail("orders-0", failure, 1);
      assert.equal(rig.states[0], "orders-0 ejected 0 %");
      assert.equal(reasonOf(rig, "orders-0"), reason);
    });
  }

  const harmless: readonly (number | FailureCode)[] = [
    ...[100, 101, 200, 302, 400, 404, 429, 499],
    ...([
      "OVERLOADED",
      "RATE_LIMITED",
      "ACCESS_DENIED",
      "TOKEN_INVALID",
      "FAULT_INJECTED",
    ] as const),
    ...(["REQUEST_MALFORMED", "NO_HEALTHY_ENDPOINT"] as const),
  ];
  for (const failure of harmless) {
    it(`is not ejected for ${failure}`, () => {
      assert.equal(rigOf(2).fail("orders-0", failure, 50).states[0], "orders-0 healthy 100 %");
    });
  }

  it("is not ejected when a success comes between", () => {
    const rig = rigOf(2);
    for (let round = 0; round < 10; round += 1)
      rig.answer("orders-0", 500, 4).answer("orders-0", 200);
    assert.equal(rig.states[0], "orders-0 healthy 100 %");
  });

  it("is ejected all the same when refusals by policy come between", () => {
    const rig = rigOf(2).answer("orders-0", 500, 4).fail("orders-0", "OVERLOADED", 1);
    assert.equal(rig.answer("orders-0", 500).states[0], "orders-0 ejected 0 %");
  });

  it("is not ejected for its callers going away", () => {
    const rig = rigOf(2);
    const target = rig.target("orders-0");
    for (let request = 0; request < 50; request += 1) {
      target.begin(rig.now);
      target.ended(rig.now);
    }
    assert.equal(rig.states[0], "orders-0 healthy 100 %");
  });

  for (const limit of [
    "consecutive5xx",
    "consecutiveGatewayFailures",
    "consecutiveConnectFailures",
    "consecutiveTimeouts",
  ] as const) {
    it(`has limits for each kind: ${limit} 0 turns one off`, () => {
      const failure = {
        consecutive5xx: 500,
        consecutiveGatewayFailures: 502,
        consecutiveConnectFailures: "ENDPOINTS_UNREACHABLE",
        consecutiveTimeouts: "TRY_TIMED_OUT",
      } as const;
      const off = rigOf(2, { consecutive5xx: 0, [limit]: 0 });
      assert.equal(off.fail("orders-0", failure[limit], 50).states[0], "orders-0 healthy 100 %");
      const two = rigOf(2, { consecutive5xx: 0, [limit]: 2 });
      assert.equal(two.fail("orders-0", failure[limit], 2).states[0], "orders-0 ejected 0 %");
    });
  }

  it("counts gateway failures as answers of 5xx too", () => {
    const rig = rigOf(2, { consecutiveGatewayFailures: 0 }).answer("orders-0", 500, 2);
    rig.answer("orders-0", 502, 3);
    assert.equal(reasonOf(rig, "orders-0"), "5 answers of 5xx in a row");
  });
});

describe("ejections at the same time", () => {
  const cases: readonly (readonly [number, number, number])[] = [
    [1, 50, 0],
    [1, 100, 0],
    [2, 50, 1],
    [2, 100, 1],
    [3, 10, 1],
    [3, 50, 1],
    [3, 67, 2],
    [3, 100, 2],
    [4, 50, 2],
    [10, 50, 5],
    [10, 0, 0],
  ];
  for (const [endpoints, percent, expected] of cases) {
    it(`are at most ${expected} of ${endpoints} with ${percent} %`, () => {
      const rig = rigOf(endpoints, { maxEjectionPercent: percent });
      for (let index = 0; index < endpoints; index += 1) rig.answer(`orders-${index}`, 500, 9);
      const ejected = rig.states.filter((state) => state.includes("ejected"));
      assert.equal(ejected.length, expected);
    });
  }

  it("make room: who could not be ejected goes at its next failure after another is back", () => {
    const rig = rigOf(2).answer("orders-0", 500, 5).answer("orders-1", 500, 5);
    assert.deepEqual(rig.states, ["orders-0 ejected 0 %", "orders-1 healthy 100 %"]);
    rig.advance(10_000).next();
    rig.answer("orders-0", 200, 3).answer("orders-1", 500);
    assert.match(rig.states[1] ?? "", /ejected/);
  });
});

describe("an ejection's time", () => {
  it("grows with each ejection in a row, up to its maximum", () => {
    const rig = rigOf(2, { baseEjectionTime: 1_000, maxEjectionTime: 3_500 }).answer(
      "orders-0",
      500,
      5,
    );
    for (const time of [1_000, 2_000, 3_000, 3_500, 3_500]) {
      assert.match(rig.advance(time - 1).states[0] ?? "", /ejected/, `${time} less 1`);
      assert.match(rig.advance(1).states[0] ?? "", /probing/, `${time}`);
      rig.answer("orders-0", 500, 1, 0);
    }
  });

  it("is not prolonged by failures of requests that it gets all the same, in panic", () => {
    const rig = rigOf(2).answer("orders-0", 500, 5, 0).answer("orders-0", 500, 20, 0);
    assert.equal(rig.service.report(0)[0]?.ejections, 1);
    assert.match(rig.advance(10_000).states[0] ?? "", /probing/);
  });

  it("is not capped below the first one", () => {
    const rig = rigOf(2, { baseEjectionTime: 5_000, maxEjectionTime: 1_000 }).answer(
      "orders-0",
      500,
      5,
    );
    assert.match(rig.advance(4_999).states[0] ?? "", /ejected/);
  });

  it("is longer by chance, at most by its jitter", () => {
    const times = Array.from({ length: 50 }, (_, seed) => {
      const policy = callPolicy({}, { ejectionJitter: 20 });
      const rig = new ServiceRig(calledEndpoints(2), policy, seed).answer("orders-0", 500, 5, 0);
      const { health } = rig.target("orders-0");
      return health.until - rig.now;
    });
    assert.ok(Math.min(...times) >= 10_000 && Math.max(...times) <= 12_000, `${times}`);
    assert.ok(Math.max(...times) - Math.min(...times) > 1_500, `${times}`);
  });

  it("forgets an ejection for each ejection time that the endpoint was healthy", () => {
    const rig = rigOf(2).answer("orders-0", 500, 5, 0).advance(10_000);
    rig.sweep().answer("orders-0", 500, 1, 0).advance(20_000);
    rig.sweep().answer("orders-0", 200, 3, 0).advance(10_000).sweep();
    const ejections = (): number | undefined => rig.service.report(0)[0]?.ejections;
    assert.equal(ejections(), 2);
    rig.advance(9_999);
    assert.equal(ejections(), 2);
    rig.advance(1);
    assert.equal(ejections(), 1);
    rig.advance(10_000);
    assert.equal(ejections(), 0);
    rig.advance(100_000);
    assert.equal(ejections(), 0);
  });
});

describe("rates over an interval", () => {
  it("eject by percentage of failures, with volume and hosts enough", () => {
    const rig = rigOf(3, { consecutive5xx: 0, failurePercentageThreshold: 50 });
    mixed(rig, "orders-0", 10, 10);
    mixed(rig, "orders-1", 0, 20);
    rig.advance(10_000).sweep();
    assert.match(rig.states[0] ?? "", /ejected/);
    assert.equal(reasonOf(rig, "orders-0"), "50 % of its requests failed");
  });

  for (const [name, failures, successes, busy] of [
    ["too few fail", 9, 11, 20],
    ["it had too few requests", 10, 9, 20],
    ["too few others had requests", 20, 0, 19],
  ] as const) {
    it(`do not eject when ${name}`, () => {
      const rig = rigOf(3, { consecutive5xx: 0, failurePercentageThreshold: 50 });
      mixed(rig, "orders-0", failures, successes);
      mixed(rig, "orders-1", 0, busy);
      assert.equal(rig.advance(10_000).sweep().states[0], "orders-0 healthy 100 %");
    });
  }

  it("eject by success rate who is far below the others", () => {
    const rig = rigOf(6, { consecutive5xx: 0, successRateStdevFactor: 1.9 });
    for (let index = 1; index < 6; index += 1) mixed(rig, `orders-${index}`, 1, 99);
    mixed(rig, "orders-0", 30, 70);
    rig.advance(10_000).sweep();
    assert.match(rig.states[0] ?? "", /ejected/);
    assert.equal(reasonOf(rig, "orders-0"), "70 % of its requests succeeded, of the others' 99 %");
  });

  it("do not eject by success rate when all are alike", () => {
    const rig = rigOf(6, { consecutive5xx: 0, successRateStdevFactor: 1.9 });
    for (let index = 0; index < 6; index += 1) mixed(rig, `orders-${index}`, 30, 70);
    assert.ok(
      rig
        .advance(10_000)
        .sweep()
        .states.every((state) => state.includes("healthy")),
    );
  });

  it("are looked at once in an interval, and begin anew after it", () => {
    const rig = rigOf(2, { consecutive5xx: 0, failurePercentageThreshold: 50 });
    mixed(rig, "orders-1", 0, 20);
    mixed(rig, "orders-0", 19, 0);
    rig.advance(5_000).sweep();
    assert.match(rig.states[0] ?? "", /healthy/);
    rig.advance(5_000).sweep();
    mixed(rig, "orders-0", 19, 0);
    mixed(rig, "orders-1", 0, 20);
    rig.advance(10_000).sweep();
    assert.match(rig.states[0] ?? "", /healthy/);
  });

  it("are not watered down by successes of an earlier interval", () => {
    const rig = rigOf(2, { consecutive5xx: 0, failurePercentageThreshold: 50 });
    mixed(rig, "orders-0", 0, 100);
    rig.advance(10_000).sweep();
    mixed(rig, "orders-0", 20, 0);
    mixed(rig, "orders-1", 0, 20);
    assert.match(rig.advance(10_000).sweep().states[0] ?? "", /ejected/);
  });

  it("are looked at by the requests themselves, without anybody's upkeep", () => {
    const rig = rigOf(2, { consecutive5xx: 0, failurePercentageThreshold: 50 });
    mixed(rig, "orders-0", 20, 0);
    mixed(rig, "orders-1", 0, 20);
    rig.advance(10_000);
    assert.equal(rig.spread(50).get("orders-0"), 0);
  });

  function mixed(rig: ServiceRig, id: string, failures: number, successes: number): void {
    rig.answer(id, 500, failures, 0.01).answer(id, 200, successes, 0.01);
  }
});
