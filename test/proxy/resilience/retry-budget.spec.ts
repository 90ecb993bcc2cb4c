// How many retries a service gets, with time under control.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { DEFAULT_POLICY } from "../../../mesh/policy/read-policy.ts";
import { RetryBudget } from "../../../proxy/resilience/retry-budget.ts";

const SECOND = 1_000;

function budgetOf(budget: number, budgetMin: number): RetryBudget {
  return new RetryBudget({ ...DEFAULT_POLICY.retries, budget, budgetMin });
}

/** Requests that all fail, evenly over some seconds; returns how many more were sent. */
function failAll(budget: RetryBudget, perSecond: number, seconds: number, from = 50_000): number {
  let retries = 0;
  for (let request = 0; request < perSecond * seconds; request += 1) {
    const now = from + (request * SECOND) / perSecond;
    budget.deposit(now);
    for (let attempt = 0; attempt < 3; attempt += 1) if (budget.withdraw(now)) retries += 1;
  }
  return retries;
}

describe("the budget of retries", () => {
  for (const perSecond of [20, 100, 1_000]) {
    it(`keeps a service that fails always below 1.25 times its ${perSecond} requests a second`, () => {
      const requests = perSecond * 60;
      const retries = failAll(budgetOf(20, 3), perSecond, 60);
      assert.ok(retries <= requests * 0.25, `${retries} retries of ${requests}`);
      assert.ok(retries >= requests * 0.19, `${retries} retries of ${requests}`);
    });
  }

  it("allows a few a second to a service that has few requests", () => {
    const budget = budgetOf(20, 3);
    budget.deposit(SECOND);
    const allowed = Array.from({ length: 5 }, () => budget.withdraw(SECOND));
    assert.deepEqual(allowed, [true, true, true, false, false]);
    assert.equal(budget.withdraw(2 * SECOND), true);
  });

  it("allows none beyond the share where there is no minimum", () => {
    const budget = budgetOf(50, 0);
    assert.equal(budget.withdraw(SECOND), false);
    budget.deposit(SECOND);
    assert.equal(budget.withdraw(SECOND), false);
    budget.deposit(SECOND);
    assert.deepEqual([budget.withdraw(SECOND), budget.withdraw(SECOND)], [true, false]);
  });

  it("looks ten seconds back and no further", () => {
    const budget = budgetOf(20, 0);
    for (let request = 0; request < 100; request += 1) budget.deposit(5 * SECOND);
    assert.equal(budget.withdraw(14.9 * SECOND), true);
    assert.equal(budget.withdraw(15 * SECOND), false);
  });

  it("forgets everything over a pause, whatever its length", () => {
    for (const pause of [10, 11, 59, 1_000]) {
      const budget = budgetOf(20, 1);
      failAll(budget, 100, 3, 0);
      const now = (3 + pause) * SECOND;
      assert.deepEqual([budget.withdraw(now), budget.withdraw(now)], [true, false], `${pause} s`);
    }
  });

  it("follows a changed policy with what it has counted", () => {
    const budget = budgetOf(0, 0);
    for (let request = 0; request < 10; request += 1) budget.deposit(SECOND);
    assert.equal(budget.withdraw(SECOND), false);
    budget.follow({ ...DEFAULT_POLICY.retries, budget: 10, budgetMin: 0 });
    assert.deepEqual([budget.withdraw(SECOND), budget.withdraw(SECOND)], [true, false]);
  });
});
