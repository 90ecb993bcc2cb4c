// What may be in flight to one service at once.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { DEFAULT_POLICY } from "../../../mesh/policy/read-policy.ts";
import { ServiceBreaker } from "../../../proxy/resilience/breaker.ts";

const { limits } = DEFAULT_POLICY;

describe("the limits on one service", () => {
  for (const [limit, enter, leave] of [
    ["requests", "enter", "leave"],
    ["pending", "enterPending", "leavePending"],
    ["retries", "enterRetry", "leaveRetry"],
    ["connections", "enterConnection", "leaveConnection"],
  ] as const) {
    it(`let in as many ${limit} as the policy says, and the next when one has left`, () => {
      const breaker = new ServiceBreaker({ ...limits, [limit]: 2 });
      assert.deepEqual([breaker[enter](), breaker[enter](), breaker[enter]()], [true, true, false]);
      breaker[leave]();
      assert.deepEqual([breaker[enter](), breaker[enter]()], [true, false]);
    });

    it(`let in any number of ${limit} when there is no limit`, () => {
      const breaker = new ServiceBreaker({ ...limits, [limit]: 0 });
      for (let entered = 0; entered < 5_000; entered += 1) assert.equal(breaker[enter](), true);
    });

    it(`count the ${limit} that are in flight when the policy changes`, () => {
      const breaker = new ServiceBreaker({ ...limits, [limit]: 0 });
      for (let entered = 0; entered < 3; entered += 1) breaker[enter]();
      breaker.follow({ ...limits, [limit]: 3 });
      assert.equal(breaker[enter](), false);
      breaker[leave]();
      assert.equal(breaker[enter](), true);
    });
  }
});
