// The heads of requests (RFC 9112 §3, §5): from bytes to a filled record, or a refusal. Nothing is repaired.
import { CR, SP, skip, TARGET, TOKEN } from "./characters.ts";
import { FieldFacts } from "./field-facts.ts";
import { endOfLine, parseFieldLines } from "./field-lines.ts";
import { requestFraming } from "./framing.ts";
import { isHost, isSameHost } from "./host.ts";
import { FRAMING, METHOD, type MessageHead } from "./message-head.ts";
import { methodOf } from "./methods.ts";
import { acceptTarget } from "./target.ts";
import { parseVersion } from "./version.ts";
import { type HeadLimits, INCOMPLETE, type Violation } from "./violation.ts";
import {
  BAD_HOST,
  BAD_LINE_END,
  BAD_METHOD,
  BAD_TARGET,
  BAD_TARGET_BYTE,
  CONNECT_REFUSED,
  CONTRADICTING_HOST,
  EMPTY_LINES,
  HEAD_TOO_LONG,
  METHOD_TOO_LONG,
  NO_HOST,
  REPEATED_HOST,
  TARGET_TOO_LONG,
  UNKNOWN_EXPECTATION,
} from "./violations.ts";

/** Longer than any registered method (`UPDATEREDIRECTREF`), and than anybody's own. */
const LONGEST_METHOD = 24;

const facts = new FieldFacts();

/**
 * Reads the head that begins at `start` of `bytes[start, end)`. Returns the offset after it, INCOMPLETE (call again from
 * the same `start` when there is more) or REFUSED. What is refused, and for what, does not depend on how the bytes arrive.
 */
export function parseRequestHead(
  head: MessageHead,
  bytes: Buffer,
  start: number,
  end: number,
  limits: HeadLimits,
): number {
  head.begin(bytes, start);
  const stop = Math.min(end, start + limits.head);
  const fields = parseRequestLine(head, bytes, start, stop, limits);
  const next = fields < 0 ? fields : parseFieldLines(head, bytes, fields, stop, limits);
  if (next < 0) {
    const full = next === INCOMPLETE && stop - start === limits.head;
    return full ? head.refuse(HEAD_TOO_LONG) : next;
  }
  head.end = next;
  const violation = decide(head);
  return violation === undefined ? next : head.refuse(violation);
}

function parseRequestLine(
  head: MessageHead,
  bytes: Buffer,
  start: number,
  end: number,
  limits: HeadLimits,
): number {
  let at = skipEmptyLine(head, bytes, start, end);
  if (at >= 0) at = parseMethod(head, bytes, at, end);
  if (at >= 0) at = parseTarget(head, bytes, at, end, limits.target);
  if (at >= 0) at = parseVersion(head, bytes, at, end);
  if (at < 0) return at;
  if (at >= end) return INCOMPLETE;
  return bytes[at] === CR ? endOfLine(head, bytes, at, end) : head.refuse(BAD_LINE_END);
}

/** Some clients send one empty line too many after a body (RFC 9112 §2.2). */
function skipEmptyLine(head: MessageHead, bytes: Buffer, at: number, end: number): number {
  if (at >= end) return INCOMPLETE;
  if (bytes[at] !== CR) return at;
  const next = endOfLine(head, bytes, at, end);
  if (next < 0) return next;
  if (next >= end) return INCOMPLETE;
  return bytes[next] === CR ? head.refuse(EMPTY_LINES) : next;
}

function parseMethod(head: MessageHead, bytes: Buffer, start: number, end: number): number {
  const stop = Math.min(end, start + LONGEST_METHOD + 1);
  const at = skip(bytes, start, stop, TOKEN);
  if (at === stop) return stop - start > LONGEST_METHOD ? head.refuse(METHOD_TOO_LONG) : INCOMPLETE;
  if (at === start || bytes[at] !== SP) return head.refuse(BAD_METHOD);
  head.method = methodOf(bytes, start, at);
  head.methodStart = start;
  head.methodEnd = at;
  return head.method === METHOD.CONNECT ? head.refuse(CONNECT_REFUSED) : at + 1;
}

function parseTarget(
  head: MessageHead,
  bytes: Buffer,
  start: number,
  end: number,
  longest: number,
): number {
  const stop = Math.min(end, start + longest + 1);
  const at = skip(bytes, start, stop, TARGET);
  if (at === stop) return stop - start > longest ? head.refuse(TARGET_TOO_LONG) : INCOMPLETE;
  if (bytes[at] !== SP) return head.refuse(BAD_TARGET_BYTE);
  head.targetStart = start;
  head.targetEnd = at;
  return at > start && acceptTarget(head, bytes) ? at + 1 : head.refuse(BAD_TARGET);
}

/** Everything that can be said only when all fields are known. */
function decide(head: MessageHead): Violation | undefined {
  const violation = facts.collect(head) ?? hostViolation(head);
  if (violation !== undefined) return violation;
  const framing = requestFraming(facts);
  if (typeof framing === "object") return framing;
  head.framing = framing;
  head.contentLength = facts.length;
  head.persistent = facts.persistent;
  head.upgrade = facts.switches && framing === FRAMING.NONE;
  if (facts.expectFields === 0 || facts.minor === 0) return undefined;
  if (facts.expectsOther) return UNKNOWN_EXPECTATION;
  // Without a body there is nothing to wait for (RFC 9110 §10.1.1).
  head.expectsContinue = framing !== FRAMING.NONE;
  return undefined;
}

function hostViolation(head: MessageHead): Violation | undefined {
  const { bytes, hostField, authorityStart, authorityEnd } = head;
  if (facts.hostFields > 1) return REPEATED_HOST;
  if (hostField < 0) return head.minor === 0 ? undefined : NO_HOST;
  const start = head.valueStart[hostField] as number;
  const end = head.valueEnd[hostField] as number;
  if (!isHost(bytes, start, end)) return BAD_HOST;
  if (authorityStart === authorityEnd) return undefined;
  const authority = bytes.subarray(authorityStart, authorityEnd);
  return isSameHost(bytes, start, end, authority) ? undefined : CONTRADICTING_HOST;
}
