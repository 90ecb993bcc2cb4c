// What a caller is told about a request that breaks the rules.
import { FAILURES, type FailureCode } from "../failures.ts";
import type { Violation } from "../http1/violation.ts";

export interface Refusal {
  readonly code: FailureCode;
  /** 0 where no answer is possible any more. */
  readonly status: number;
  /** For people: what is wrong, and where the rule stands. */
  readonly text: string;
}

/** Why a request was refused, as an answer. */
export function describeViolation(violation: Violation | undefined): Refusal {
  const status = violation?.status ?? 400;
  const code = codeFor(status);
  const why = violation === undefined ? "" : `: ${violation.reason} (${violation.source})`;
  return { code, status, text: `docker-mesh: ${FAILURES[code].describe("")}${why}\n` };
}

function codeFor(status: Violation["status"]): FailureCode {
  switch (status) {
    case 414:
    case 431:
      return "REQUEST_TOO_LARGE";
    case 405:
    case 417:
    case 501:
    case 505:
      return "REQUEST_UNSUPPORTED";
    default:
      return "REQUEST_MALFORMED";
  }
}
