// What holds for every algorithm around its pick: panic, same-node preference, slow start.
import assert from "node:assert/strict";
import type { BalancePolicy } from "../../../mesh/policy/policy.ts";
import { slowStartShare } from "../../../proxy/balance/slow-start.ts";
import type { Target } from "../../../proxy/http/plan.ts";
import { calledEndpoints, callPolicy, ServiceRig } from "../../helpers/balancing.ts";

/** Several endpoints, some of which are ejected. */
function rigWithEjected(
  count: number,
  ejected: number,
  balance: Partial<BalancePolicy>,
): ServiceRig {
  const policy = callPolicy(balance, { maxEjectionPercent: 100 });
  const rig = new ServiceRig(calledEndpoints(count), policy);
  for (let index = 0; index < ejected; index += 1) rig.answer(`orders-${index}`, 500, 5);
  return rig;
}

function served(rig: ServiceRig): number {
  return [...rig.spread(1_000).values()].filter((count) => count > 0).length;
}

describe("the panic threshold", () => {
  for (const [count, ejected, threshold, expected] of [
    [2, 1, 50, 1],
    [2, 1, 51, 2],
    [4, 2, 50, 2],
    [4, 3, 50, 4],
    [4, 3, 25, 1],
    [4, 3, 0, 1],
    [10, 6, 50, 10],
  ] as const) {
    it(`of ${threshold} % has requests go to ${expected} of ${count} with ${ejected} ejected`, () => {
      const rig = rigWithEjected(count, ejected, { panicThreshold: threshold });
      assert.equal(served(rig), expected);
    });
  }

  it("covers a version whose endpoints are all ejected", () => {
    const versions = calledEndpoints(3, (index) => ({ version: index === 0 ? "v2" : "v1" }));
    for (const [panicThreshold, expected] of [
      [50, "orders-0"],
      [0, undefined],
    ] as const) {
      const rig = new ServiceRig(versions, callPolicy({ panicThreshold }));
      rig.answer("orders-0", 500, 5);
      assert.equal(rig.service.targets("v2").next(0, [], true)?.id, expected);
    }
  });

  it("ends when enough endpoints have returned", () => {
    const rig = rigWithEjected(4, 3, { panicThreshold: 50 });
    assert.equal(served(rig), 4);
    rig.advance(10_000).sweep().answer("orders-0", 200, 3);
    for (const id of ["orders-1", "orders-2"]) rig.target(id).begin(rig.now);
    assert.equal(served(rig), 2);
  });

  it("shows in reports: an ejected endpoint has the share that it gets", () => {
    for (const [panicThreshold, share] of [
      [50, 100],
      [0, 0],
    ] as const) {
      const [ejected, , , healthy] = rigWithEjected(4, 3, { panicThreshold }).states;
      assert.equal(ejected, `orders-0 ejected ${share} %`);
      assert.equal(healthy, "orders-3 healthy 100 %");
    }
  });

  it("shows in reports where it is reached within one version only", () => {
    const versions = calledEndpoints(4, (index) => ({ version: index < 2 ? "v2" : "v1" }));
    const policy = callPolicy({ panicThreshold: 60 });
    const rig = new ServiceRig(versions, policy).answer("orders-0", 500, 5);
    assert.equal(rig.states[0], "orders-0 ejected 0 %");
    rig.service.targets("v2");
    assert.equal(rig.states[0], "orders-0 ejected 100 %");
  });
});

describe("same-node preference", () => {
  const mixed = calledEndpoints(4, (index) => ({ sameNode: index < 2 }));
  const policy = callPolicy({ sameNode: true }, { maxEjectionPercent: 100 });

  it("keeps requests on the node as long as an endpoint there can be used", () => {
    const rig = new ServiceRig(mixed, policy);
    assert.equal(served(rig), 2);
    rig.answer("orders-0", 500, 5);
    assert.equal(rig.spread(100).get("orders-1"), 100);
  });

  it("goes elsewhere when all endpoints on the node are ejected", () => {
    const rig = new ServiceRig(mixed, policy).answer("orders-0", 500, 5).answer("orders-1", 500, 5);
    const counts = rig.spread(200);
    assert.ok((counts.get("orders-2") ?? 0) > 50 && (counts.get("orders-3") ?? 0) > 50);
  });

  it("goes elsewhere for the retries of a request that has tried all on the node", () => {
    const rotating = callPolicy({ sameNode: true, algorithm: "round-robin" });
    const rig = new ServiceRig(mixed, rotating);
    const tried: Target[] = [];
    const order = Array.from({ length: 4 }, () => {
      const target = rig.targets.next(0, tried, true);
      assert.ok(target !== undefined);
      tried.push(target);
      return target.endpoint.sameNode;
    });
    assert.deepEqual(order, [true, true, false, false]);
    assert.equal(rig.targets.next(0, tried, true), undefined);
    assert.equal(served(rig), 2);
  });

  it("does nothing where no endpoint is on the node, or where it is off", () => {
    assert.equal(served(new ServiceRig(calledEndpoints(3), policy)), 3);
    assert.equal(served(new ServiceRig(mixed, callPolicy())), 4);
  });
});

describe("slow start", () => {
  for (const [age, aggression, expected] of [
    [-1, 1, 0.1],
    [0, 1, 0.1],
    [3_000, 1, 0.3],
    [5_000, 1, 0.5],
    [2_500, 2, 0.5],
    [5_000, 0.5, 0.25],
    [10_000, 1, 1],
    [60_000, 2, 1],
  ] as const) {
    it(`gives ${expected} of the weight after ${age} ms of 10 s with aggression ${aggression}`, () => {
      const rules = callPolicy({ slowStart: 10_000, slowStartAggression: aggression }).balance;
      assert.ok(Math.abs(slowStartShare(age, rules) - expected) < 1e-9);
    });
  }

  it("gives at least a hundredth", () => {
    const rules = callPolicy({ slowStart: 10_000, slowStartMinWeight: 0 }).balance;
    assert.equal(slowStartShare(0, rules), 0.01);
  });

  const policy = callPolicy({ slowStart: 10_000 });

  it("concerns endpoints that join others, not those that were there first", () => {
    const rig = new ServiceRig(calledEndpoints(3), policy);
    assert.ok(rig.states.every((state) => state.endsWith("100 %")));
    rig.update(calledEndpoints(4));
    assert.equal(rig.states[3], "orders-3 healthy 10 %");
    assert.equal(rig.advance(5_000).states[3], "orders-3 healthy 50 %");
    const share = (rig.spread(7_000).get("orders-3") ?? 0) / 7_000;
    assert.ok(Math.abs(share - 0.5 / 3.5) < 0.02, `${share}`);
    assert.equal(rig.advance(5_000).states[3], "orders-3 healthy 100 %");
  });

  it("does not concern the first endpoints of a service that had none", () => {
    const rig = new ServiceRig([], policy);
    rig.update(calledEndpoints(2));
    assert.ok(rig.states.every((state) => state.endsWith("100 %")));
  });

  it("is off with a window of 0", () => {
    const rig = new ServiceRig(calledEndpoints(3), callPolicy());
    rig.update(calledEndpoints(4));
    assert.equal(rig.states[3], "orders-3 healthy 100 %");
  });
});
