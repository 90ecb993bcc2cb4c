// When a request is sent once more, decided without sending anything.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { RetryCondition, RetryPolicy } from "../../../mesh/policy/policy.ts";
import { DEFAULT_POLICY } from "../../../mesh/policy/read-policy.ts";
import type { FailureCode } from "../../../proxy/failures.ts";
import { METHOD } from "../../../proxy/http1/message-head.ts";
import {
  isFailureRetried,
  isGrpcStatusRetried,
  isRepeatable,
  isStatusRetried,
  isUnreached,
  waitBefore,
} from "../../../proxy/resilience/retry-rule.ts";

function retries(on: readonly RetryCondition[], statuses: readonly number[] = []): RetryPolicy {
  return { ...DEFAULT_POLICY.retries, on, statuses };
}

describe("a request that an application may have seen", () => {
  for (const [method, repeatable] of [
    ["GET", true],
    ["HEAD", true],
    ["OPTIONS", true],
    ["TRACE", true],
    ["PUT", true],
    ["DELETE", true],
    ["POST", false],
    ["PATCH", false],
    ["CONNECT", false],
    ["OTHER", false],
  ] as const) {
    it(`is ${repeatable ? "" : "not "}repeated when it is a ${method}, and always when the policy says so`, () => {
      assert.equal(isRepeatable(METHOD[method], retries(["reset"])), repeatable);
      assert.equal(isRepeatable(METHOD[method], retries(["non-idempotent"])), true);
    });
  }
});

describe("a failure", () => {
  const CASES: readonly [FailureCode, boolean, RetryCondition | undefined][] = [
    ["ENDPOINTS_UNREACHABLE", false, "connect-failure"],
    ["APPLICATION_UNREACHABLE", false, "connect-failure"],
    ["CONNECTION_LOST", true, "reset"],
    ["CONNECTION_LOST", false, "refused"],
    ["RESPONSE_MALFORMED", true, "reset"],
    ["TRY_TIMED_OUT", true, "timeout"],
    ["OVERLOADED", false, "refused"],
    ["REQUEST_TIMED_OUT", true, undefined],
    ["STREAM_IDLE", true, undefined],
    ["RATE_LIMITED", false, undefined],
    ["ACCESS_DENIED", false, undefined],
    ["TOKEN_INVALID", false, undefined],
    ["REQUEST_MALFORMED", false, undefined],
    ["NO_HEALTHY_ENDPOINT", false, undefined],
  ];
  const EACH: readonly RetryCondition[] = ["connect-failure", "refused", "reset", "timeout"];
  for (const [code, sent, condition] of CASES) {
    const seen = sent ? "" : ", unseen,";
    it(`${code}${seen} is retried on ${condition ?? "nothing"} and no other condition`, () => {
      for (const one of EACH)
        assert.equal(isFailureRetried(code, sent, retries([one])), one === condition, one);
    });
  }

  it("counts as an answer of its status where that is retried", () => {
    assert.equal(isFailureRetried("CONNECTION_LOST", true, retries(["gateway-error"])), true);
    assert.equal(isFailureRetried("TRY_TIMED_OUT", true, retries(["5xx"])), true);
    assert.equal(isFailureRetried("RATE_LIMITED", false, retries([], [429])), true);
    assert.equal(isFailureRetried("ACCESS_DENIED", false, retries(["5xx"], [429])), false);
    // What its caller's time does not allow is not allowed by any condition on answers.
    assert.equal(isFailureRetried("REQUEST_TIMED_OUT", true, retries(["5xx"])), false);
  });

  it("leads on without counting as a retry only when nobody was reached", () => {
    const free: readonly [FailureCode, boolean][] = [
      ["ENDPOINTS_UNREACHABLE", false],
      ["APPLICATION_UNREACHABLE", false],
      ["CONNECTION_LOST", false],
    ];
    for (const [code, sent] of free) assert.equal(isUnreached(code, sent), true, code);
    const paid: readonly [FailureCode, boolean][] = [
      ["CONNECTION_LOST", true],
      ["OVERLOADED", false],
      ["TRY_TIMED_OUT", false],
      ["RATE_LIMITED", false],
    ];
    for (const [code, sent] of paid) assert.equal(isUnreached(code, sent), false, code);
  });
});

describe("an answer", () => {
  const CASES: readonly [number, readonly RetryCondition[], readonly number[], boolean][] = [
    [500, ["5xx"], [], true],
    [501, ["5xx"], [], true],
    [599, ["5xx"], [], true],
    [500, ["gateway-error"], [], false],
    [502, ["gateway-error"], [], true],
    [503, ["gateway-error"], [], true],
    [504, ["gateway-error"], [], true],
    [503, ["5xx"], [], true],
    [503, ["connect-failure", "refused", "reset", "timeout"], [], false],
    [409, ["retriable-4xx"], [], true],
    [409, ["5xx"], [], false],
    [404, ["retriable-4xx"], [], false],
    [404, [], [404], true],
    [429, ["5xx"], [429], true],
    [200, ["5xx", "gateway-error", "retriable-4xx"], [503], false],
  ];
  for (const [status, on, statuses, retried] of CASES) {
    it(`of ${status} is ${retried ? "" : "not "}retried on ${[...on, ...statuses].join(", ")}`, () => {
      assert.equal(isStatusRetried(status, retries(on, statuses)), retried);
    });
  }

  for (const [status, condition] of [
    ["1", "cancelled"],
    ["4", "deadline-exceeded"],
    ["8", "resource-exhausted"],
    ["13", "internal"],
    ["14", "unavailable"],
  ] as const) {
    it(`of gRPC with status ${status} is retried on ${condition}`, () => {
      assert.equal(isGrpcStatusRetried(status, retries([condition])), true);
      assert.equal(isGrpcStatusRetried(status, retries(["5xx", "reset"])), false);
    });
  }

  it("of gRPC is not retried for another status, or none", () => {
    const all = retries(["cancelled", "deadline-exceeded", "internal", "unavailable"]);
    for (const status of ["0", "2", "7", "16", "", undefined, "toString"])
      assert.equal(isGrpcStatusRetried(status, all), false, status);
  });
});

describe("the wait before a retry", () => {
  const policy = { ...DEFAULT_POLICY.retries, backoff: 25, maxBackoff: 250 };

  it("is anything from nothing to a limit that doubles, up to the highest", () => {
    assert.deepEqual(
      [1, 2, 3, 4, 5, 10].map((count) => waitBefore(count, policy, 0.5)),
      [12.5, 25, 50, 100, 125, 125],
    );
    assert.equal(waitBefore(3, policy, 0), 0);
  });
});
