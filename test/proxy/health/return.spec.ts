// How an ejected endpoint comes back: a few real requests, then a growing share, and out again at the first failure.
import assert from "node:assert/strict";
import type { RecoveryPolicy } from "../../../mesh/policy/policy.ts";
import { calledEndpoints, callPolicy, ServiceRig } from "../../helpers/balancing.ts";

/** Three endpoints, of which `orders-0` has just been ejected. */
function ejected(recovery: Partial<RecoveryPolicy> = {}): ServiceRig {
  const rig = new ServiceRig(calledEndpoints(3), callPolicy({}, {}, recovery));
  return rig.answer("orders-0", 500, 5, 0);
}

/** The same, with its ejection over. */
function probing(recovery: Partial<RecoveryPolicy> = {}): ServiceRig {
  return ejected(recovery).advance(10_000).sweep();
}

describe("an endpoint whose ejection is over", () => {
  it("gets a real request at once, and no second one before that has been answered", () => {
    const rig = probing();
    const target = rig.target("orders-0");
    assert.equal(rig.next(), "orders-0");
    const began = rig.now;
    target.begin(began);
    assert.equal(rig.spread(100).get("orders-0"), 0);
    rig.advance(5);
    target.answered(200, rig.now, began);
    assert.equal(rig.next(), "orders-0");
  });

  it("is given another when its probe was given up by the caller", () => {
    const rig = probing();
    const target = rig.target("orders-0");
    target.begin(rig.now);
    target.ended(rig.now);
    assert.equal(rig.states[0], "orders-0 probing 0 %");
    assert.equal(rig.next(), "orders-0");
  });

  it("is given another when its probe was refused by policy", () => {
    const rig = probing().fail("orders-0", "RATE_LIMITED", 1);
    assert.equal(rig.states[0], "orders-0 probing 0 %");
    assert.equal(rig.next(), "orders-0");
  });

  it("is not given requests that cannot be repeated, unless no other comes for 2 s", () => {
    const rig = probing();
    assert.notEqual(rig.next(false), "orders-0");
    assert.equal(rig.next(true), "orders-0");
    assert.notEqual(rig.advance(1_999).next(false), "orders-0");
    assert.equal(rig.advance(1).next(false), "orders-0");
  });

  it("is given another when its probe has told nothing for 15 s, which still may", () => {
    const rig = probing({ probes: 1 });
    const target = rig.target("orders-0");
    const began = rig.now;
    target.begin(began);
    assert.equal(target.probeTime(began), 15_000);
    assert.notEqual(rig.advance(14_999).next(), "orders-0");
    assert.equal(rig.advance(1).next(), "orders-0");
    target.begin(rig.now);
    assert.notEqual(rig.next(), "orders-0", "one at a time");
    target.answered(200, rig.advance(5).now, began);
    assert.equal(rig.states[0], "orders-0 recovering 10 %");
  });

  it("is probed by one of the requests that it gets; any other has all the time it needs", () => {
    const rig = probing();
    const target = rig.target("orders-0");
    target.begin(rig.now);
    const second = rig.advance(1).now;
    target.begin(second);
    assert.equal(target.probeTime(second), 0);
    assert.equal(rig.target("orders-1").probeTime(second), 0);
  });

  it("is not given a request that has just failed elsewhere", () => {
    const rig = probing();
    for (let request = 0; request < 50; request += 1)
      assert.equal(rig.next(true, 0, [rig.target("orders-1")]), "orders-2");
  });

  it("returns after as many successes in a row as the policy says", () => {
    const rig = probing({ probes: 3 }).answer("orders-0", 200, 2, 0);
    assert.equal(rig.states[0], "orders-0 probing 0 %");
    rig.answer("orders-0", 200, 1, 0);
    assert.equal(rig.states[0], "orders-0 recovering 10 %");
  });

  it("returns without probes where the policy wants none", () => {
    assert.equal(probing({ probes: 0 }).states[0], "orders-0 recovering 10 %");
  });

  it("has its whole share at once where the policy wants no ramp", () => {
    const rig = probing({ ramp: 0 }).answer("orders-0", 200, 3, 0);
    assert.equal(rig.states[0], "orders-0 healthy 100 %");
  });

  it("is ejected again by the first failure of a probe, for longer", () => {
    const rig = probing().answer("orders-0", 200, 2, 0).answer("orders-0", 500, 1, 0);
    const report = rig.service.report(0)[0];
    assert.equal(report?.state, "ejected");
    assert.equal(report.reason, "an answer of 5xx while it was probing");
    assert.equal(report.ejections, 2);
    assert.match(rig.advance(19_999).states[0] ?? "", /ejected/);
    assert.match(rig.advance(1).states[0] ?? "", /probing/);
  });

  it("needs all successes anew after a relapse", () => {
    const rig = probing().answer("orders-0", 200, 2, 0).answer("orders-0", 500, 1, 0);
    rig.advance(20_000).sweep().answer("orders-0", 200, 1, 0);
    assert.equal(rig.states[0], "orders-0 probing 0 %");
  });

  it("is not judged by requests from before its ejection", () => {
    const rig = new ServiceRig(calledEndpoints(3));
    const target = rig.target("orders-0");
    const began = rig.now;
    for (let request = 0; request < 9; request += 1) target.begin(began);
    rig.advance(1).answer("orders-0", 500, 5, 0);
    for (let request = 0; request < 3; request += 1) target.answered(500, rig.now, began);
    assert.equal(rig.service.report(0)[0]?.ejections, 1);
    rig.advance(10_000).sweep();
    for (let request = 0; request < 3; request += 1) target.answered(200, rig.now, began);
    assert.equal(rig.states[0], "orders-0 probing 0 %");
    for (let request = 0; request < 3; request += 1)
      target.failed("CONNECTION_LOST", rig.now, began);
    assert.equal(rig.states[0], "orders-0 probing 0 %");
  });
});

describe("an endpoint that recovers", () => {
  function recovering(): ServiceRig {
    return probing().answer("orders-0", 200, 3, 0);
  }

  it("gets a share that grows evenly to the whole", () => {
    const rig = recovering();
    const shares = Array.from({ length: 11 }, (_, second) => {
      if (second > 0) rig.advance(1_000);
      return rig.service.report(0)[0]?.share;
    });
    assert.deepEqual(shares, [10, 19, 28, 37, 46, 55, 64, 73, 82, 91, 100]);
    assert.equal(rig.states[0], "orders-0 healthy 100 %");
    assert.equal(rig.service.report(0)[0]?.reason, "");
  });

  it("gets requests in that share", () => {
    const rig = recovering();
    let before = 0;
    for (let second = 0; second <= 10; second += 2) {
      const got = rig.spread(4_000).get("orders-0") ?? 0;
      assert.ok(got > before, `${got} after ${before}`);
      before = got;
      rig.advance(2_000);
    }
    assert.ok(Math.abs(before / 4_000 - 1 / 3) < 0.03, `${before}`);
  });

  for (const failure of [
    500,
    "CONNECTION_LOST",
    "ENDPOINTS_UNREACHABLE",
    "TRY_TIMED_OUT",
  ] as const) {
    it(`is ejected again at once by one ${failure}`, () => {
      const rig = recovering().advance(9_000).fail("orders-0", failure, 1);
      const report = rig.service.report(0)[0];
      assert.equal(report?.state, "ejected");
      assert.match(report.reason, / while it was recovering$/);
      assert.equal(report.ejections, 2);
    });
  }

  it("begins its return anew when it fails and may not be ejected", () => {
    const rig = recovering().advance(5_000).answer("orders-1", 500, 5, 0);
    assert.equal(rig.answer("orders-0", 500, 1, 0).states[0], "orders-0 recovering 10 %");
  });

  it("is used from the beginning when it is the only one left, whatever its initial weight", () => {
    const endpoints = calledEndpoints(2, (index) => ({ version: index === 0 ? "v2" : "v1" }));
    const rig = new ServiceRig(endpoints, callPolicy({}, {}, { initialWeight: 0 }));
    rig.answer("orders-0", 500, 5, 0).advance(10_000).sweep().answer("orders-0", 200, 3, 0);
    assert.equal(rig.states[0], "orders-0 recovering 1 %");
    assert.equal(rig.service.targets("v2").next(0, [], true)?.id, "orders-0");
  });

  it("says since when it is in its state, on the wall clock", () => {
    const rig = recovering().advance(300);
    assert.equal(rig.service.report(1_000_000)[0]?.since, 999_700);
    assert.equal(rig.service.report(1_000_000)[1]?.since, 0);
  });
});
