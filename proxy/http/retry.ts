// When a request may be sent once more. Nothing here waits or counts load: it is the question of safety alone.
import { FAILURES, type FailureCode } from "../failures.ts";
import { METHOD, type Method } from "../http1/message-head.ts";

/**
 * How often one request is sent at most to an application that may have seen it. Endpoints that could not be connected to,
 * or whose sidecar says that the application takes no connections, do not count: when most copies are stopped at the same
 * moment, the one that is left must be found, and asking the others has cost their applications nothing.
 */
export const MAX_SENT = 3;

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

export interface FailedTry {
  readonly method: Method;
  readonly code: FailureCode;
  /** False when no application can have seen the request. */
  readonly sent: boolean;
  /** True when what was sent of the body can be sent again from the start. */
  readonly replayable: boolean;
}

/** Whether another try is safe: the body is at hand, and either nobody saw the request or seeing it twice is harmless. */
export function mayRepeat({ method, code, sent, replayable }: FailedTry): boolean {
  return replayable && (!sent || FAILURES[code].neverReached || isIdempotent(method));
}
