// Where a message's body ends (RFC 9112 §6): one decision per direction, from facts that the fields were reduced to.
// Stricter than the RFC where it allows a choice: what two servers could read differently is refused.
import { FRAMING, type Framing, METHOD, type Method } from "./message-head.ts";
import type { Violation } from "./violation.ts";
import {
  BAD_CODING,
  BAD_LENGTH,
  CODING_IN_1_0,
  LENGTH_AND_CODING,
  REPEATED_CODING,
  REPEATED_LENGTH,
  UNKNOWN_CODING,
} from "./violations.ts";

/** What Transfer-Encoding says. */
export const CODING = {
  /** Exactly `chunked`. */
  CHUNKED: 0,
  /** Something else that could be understood, ending in one `chunked` or without it. */
  UNKNOWN: 1,
  /** Not a list of names, or `chunked` stands twice or not last. */
  MALFORMED: 2,
} as const;
export type Coding = (typeof CODING)[keyof typeof CODING];

/** What decides about the end of a body. */
export interface FramingFacts {
  readonly minor: number;
  /** How many Content-Length fields there are. */
  readonly lengthFields: number;
  /** The value of Content-Length; -1 when it is not a number. Meaningful with one field. */
  readonly length: number;
  /** How many Transfer-Encoding fields there are. */
  readonly codingFields: number;
  /** Meaningful with one Transfer-Encoding field. */
  readonly coding: Coding;
}

/** How a request is framed, or why it is refused. */
export function requestFraming(facts: FramingFacts): Framing | Violation {
  const violation = framingViolation(facts);
  if (violation !== undefined) return violation;
  if (facts.codingFields > 0) return FRAMING.CHUNKED;
  return facts.lengthFields > 0 && facts.length > 0 ? FRAMING.LENGTH : FRAMING.NONE;
}

/** How a response to a request of that method is framed, or why it is refused. */
export function responseFraming(
  facts: FramingFacts,
  status: number,
  requestMethod: Method,
): Framing | Violation {
  const violation = framingViolation(facts);
  if (violation !== undefined) return violation;
  if (requestMethod === METHOD.HEAD || status < 200 || status === 204 || status === 304)
    return FRAMING.NONE;
  if (facts.codingFields > 0) return FRAMING.CHUNKED;
  if (facts.lengthFields === 0) return FRAMING.UNTIL_CLOSE;
  return facts.length > 0 ? FRAMING.LENGTH : FRAMING.NONE;
}

function framingViolation(facts: FramingFacts): Violation | undefined {
  const { minor, lengthFields, length, codingFields, coding } = facts;
  if (codingFields > 0) {
    if (lengthFields > 0) return LENGTH_AND_CODING;
    if (minor === 0) return CODING_IN_1_0;
    if (codingFields > 1) return REPEATED_CODING;
    if (coding !== CODING.CHUNKED) return coding === CODING.UNKNOWN ? UNKNOWN_CODING : BAD_CODING;
  }
  if (lengthFields > 1) return REPEATED_LENGTH;
  return lengthFields === 1 && length < 0 ? BAD_LENGTH : undefined;
}
