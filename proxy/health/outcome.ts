// What the end of a try says about the endpoint that was tried.
import type { FailureCode } from "../failures.ts";

/** Kinds of failures that are counted apart; NONE says nothing about the endpoint, for good or bad. */
export const OUTCOME = {
  NONE: 0,
  SUCCESS: 1,
  /** An answer of 5xx other than those of gateways. */
  SERVER_ERROR: 2,
  /** 502, 503, 504, a connection that broke, an answer that is no HTTP. Counts as an answer of 5xx too. */
  GATEWAY_FAILURE: 3,
  CONNECT_FAILURE: 4,
  TIMEOUT: 5,
} as const;
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME];

/** 4xx are successes: the endpoint works, its caller asked for the wrong thing (as in Envoy's outlier detection). */
export function outcomeOfStatus(status: number): Outcome {
  if (status < 500) return OUTCOME.SUCCESS;
  return status >= 502 && status <= 504 ? OUTCOME.GATEWAY_FAILURE : OUTCOME.SERVER_ERROR;
}

/** Refusals by policy, and what is wrong with a request itself, say nothing about the endpoint. */
export function outcomeOfFailure(code: FailureCode): Outcome {
  switch (code) {
    case "CONNECTION_LOST":
    case "RESPONSE_MALFORMED":
      return OUTCOME.GATEWAY_FAILURE;
    case "ENDPOINTS_UNREACHABLE":
    case "APPLICATION_UNREACHABLE":
      return OUTCOME.CONNECT_FAILURE;
    case "TRY_TIMED_OUT":
    case "REQUEST_TIMED_OUT":
      return OUTCOME.TIMEOUT;
    default:
      return OUTCOME.NONE;
  }
}
