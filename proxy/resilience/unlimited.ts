// The conduct where nothing is limited: towards the own application, which protects itself by other means, and where another
// try is up to the caller's sidecar.
import type { RetryPolicy, TimeoutPolicy } from "../../mesh/policy/policy.ts";
import type { Breaker, Budget, Conduct } from "../http/plan.ts";

const UNBOUNDED: Breaker = {
  enter: () => true,
  leave: () => undefined,
  enterPending: () => true,
  leavePending: () => undefined,
  enterRetry: () => true,
  leaveRetry: () => undefined,
};

const BOTTOMLESS: Budget = { deposit: () => undefined, withdraw: () => true };

const TIMEOUTS: TimeoutPolicy = { connect: 1_000, perTry: 0, request: 0, idle: 0 };

const RETRIES: RetryPolicy = {
  attempts: 0,
  on: [],
  statuses: [],
  backoff: 0,
  maxBackoff: 0,
  budget: 0,
  budgetMin: 0,
};

export const UNLIMITED: Conduct = {
  timeouts: TIMEOUTS,
  retries: RETRIES,
  breaker: UNBOUNDED,
  budget: BOTTOMLESS,
};
