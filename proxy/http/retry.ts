// When a request may be sent once more. Nothing here waits or counts load: it is the question of safety alone.
import { FAILURES, type FailureCode } from "../failures.ts";

/**
 * How often one request is sent at most to an application that may have seen it. Endpoints that could not be connected to,
 * or whose sidecar says that the application takes no connections, do not count: when most copies are stopped at the same
 * moment, the one that is left must be found, and asking the others has cost their applications nothing.
 */
export const MAX_SENT = 3;

/** RFC 9110 §9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "PUT",
  "DELETE",
]);

/** Whether doing it twice is the same as doing it once. */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

export interface FailedTry {
  readonly method: string;
  readonly code: FailureCode;
  /** True when what was sent of the body can be sent again from the start. */
  readonly replayable: boolean;
}

/** Whether another try is safe: the body is at hand, and either nobody saw the request or seeing it twice is harmless. */
export function mayRepeat({ method, code, replayable }: FailedTry): boolean {
  return replayable && (FAILURES[code].neverReached || isIdempotent(method));
}
