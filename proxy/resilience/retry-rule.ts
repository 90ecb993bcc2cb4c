// When a request is sent once more. Safety comes first: what an application may have seen is repeated only when twice is the
// same as once, or the policy says that it may be. Within that, the policy's conditions decide. Nothing here waits or counts.
import type { RetryCondition, RetryPolicy } from "../../mesh/policy/policy.ts";
import { FAILURES, type FailureCode } from "../failures.ts";
import { METHOD, type Method } from "../http1/message-head.ts";

/** Whether doing it twice is the same as doing it once (RFC 9110 §9.2.2). */
export function isIdempotent(method: Method): boolean {
  switch (method) {
    case METHOD.GET:
    case METHOD.HEAD:
    case METHOD.OPTIONS:
    case METHOD.TRACE:
    case METHOD.PUT:
    case METHOD.DELETE:
      return true;
    default:
      return false;
  }
}

/** Whether a request may be sent again although an application has seen it. */
export function isRepeatable(method: Method, { on }: RetryPolicy): boolean {
  return isIdempotent(method) || on.includes("non-idempotent");
}

/**
 * Whether the endpoint was not even asked. Going on to the next one costs no application anything and does not count as a
 * retry: when most copies stop at the same moment, the one that is left must be found.
 */
export function isUnreached(code: FailureCode, sent: boolean): boolean {
  const { retriedOn } = FAILURES[code];
  return retriedOn === "connect-failure" || (retriedOn === "reset" && !sent);
}

/** Whether a failure is worth another try by these conditions. */
export function isFailureRetried(code: FailureCode, sent: boolean, retries: RetryPolicy): boolean {
  const { retriedOn, status } = FAILURES[code];
  if (retriedOn === undefined) return retries.statuses.includes(status);
  const condition = retriedOn === "reset" && !sent ? "refused" : retriedOn;
  return retries.on.includes(condition) || isStatusRetried(status, retries);
}

/** The same for an answer of the application. */
export function isStatusRetried(status: number, { on, statuses }: RetryPolicy): boolean {
  if (statuses.includes(status)) return true;
  switch (status) {
    case 409:
      return on.includes("retriable-4xx");
    case 502:
    case 503:
    case 504:
      return on.includes("gateway-error") || on.includes("5xx");
    default:
      return status >= 500 && status <= 599 && on.includes("5xx");
  }
}

/** By status of gRPC. */
const GRPC_CONDITIONS: Readonly<Record<string, RetryCondition>> = {
  1: "cancelled",
  4: "deadline-exceeded",
  8: "resource-exhausted",
  13: "internal",
  14: "unavailable",
};

/** The same for a status of gRPC, as text. */
export function isGrpcStatusRetried(status: string | undefined, { on }: RetryPolicy): boolean {
  const condition = status === undefined ? undefined : GRPC_CONDITIONS[status];
  return condition !== undefined && on.includes(condition);
}

/** Milliseconds before retry number `count`, from 1. `random` is at least 0 and below 1. */
export function waitBefore(count: number, retries: RetryPolicy, random: number): number {
  return random * Math.min(retries.maxBackoff, retries.backoff * 2 ** (count - 1));
}
