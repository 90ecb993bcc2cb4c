// The heads of responses (RFC 9112 §4, §5), as strictly as those of requests: what a destination says decides where the
// next response on its connection begins.
import { CR, SP, skip, VALUE, ZERO } from "./characters.ts";
import { FieldFacts } from "./field-facts.ts";
import { endOfLine, parseFieldLines } from "./field-lines.ts";
import { responseFraming } from "./framing.ts";
import { FRAMING, type MessageHead, type Method } from "./message-head.ts";
import { parseVersion } from "./version.ts";
import { type HeadLimits, INCOMPLETE, type Violation } from "./violation.ts";
import {
  BAD_REASON,
  BAD_STATUS,
  BAD_SWITCH,
  BAD_VERSION,
  HEAD_TOO_LONG,
  REASON_TOO_LONG,
} from "./violations.ts";

const facts = new FieldFacts();

/**
 * Reads the head that begins at `start` of `bytes[start, end)`, of a response to a request of that method. Returns the
 * offset after it, INCOMPLETE (call again from the same `start` when there is more) or REFUSED.
 */
export function parseResponseHead(
  head: MessageHead,
  bytes: Buffer,
  start: number,
  end: number,
  limits: HeadLimits,
  requestMethod: Method,
): number {
  head.begin(bytes, start);
  const stop = Math.min(end, start + limits.head);
  const fields = parseStatusLine(head, bytes, start, stop, limits.target);
  const next = fields < 0 ? fields : parseFieldLines(head, bytes, fields, stop, limits);
  if (next < 0) {
    const full = next === INCOMPLETE && stop - start === limits.head;
    return full ? head.refuse(HEAD_TOO_LONG) : next;
  }
  head.end = next;
  const violation = decide(head, requestMethod);
  return violation === undefined ? next : head.refuse(violation);
}

function parseStatusLine(
  head: MessageHead,
  bytes: Buffer,
  start: number,
  end: number,
  longest: number,
): number {
  let at = parseVersion(head, bytes, start, end);
  if (at < 0) return at;
  if (at >= end) return INCOMPLETE;
  if (bytes[at] !== SP) return head.refuse(BAD_VERSION);
  at = parseStatus(head, bytes, at + 1, end);
  if (at < 0) return at;
  if (at >= end) return INCOMPLETE;
  // The space before an empty reason is often left out.
  if (bytes[at] !== SP && bytes[at] !== CR) return head.refuse(BAD_STATUS);
  return parseReason(head, bytes, bytes[at] === SP ? at + 1 : at, end, longest);
}

/** Three digits, 100 to 599. */
function parseStatus(head: MessageHead, bytes: Buffer, start: number, end: number): number {
  const stop = Math.min(end, start + 3);
  for (let at = start; at < stop; at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    const fits = at === start ? digit >= 1 && digit <= 5 : digit >= 0 && digit <= 9;
    if (!fits) return head.refuse(BAD_STATUS);
    head.status = head.status * 10 + digit;
  }
  return stop < start + 3 ? INCOMPLETE : stop;
}

function parseReason(
  head: MessageHead,
  bytes: Buffer,
  start: number,
  end: number,
  longest: number,
): number {
  const stop = Math.min(end, start + longest + 1);
  const at = skip(bytes, start, stop, VALUE);
  if (at === stop) return stop - start > longest ? head.refuse(REASON_TOO_LONG) : INCOMPLETE;
  if (bytes[at] !== CR) return head.refuse(BAD_REASON);
  head.reasonStart = start;
  head.reasonEnd = at;
  return endOfLine(head, bytes, at, end);
}

/** Everything that can be said only when all fields are known. */
function decide(head: MessageHead, requestMethod: Method): Violation | undefined {
  const violation = facts.collect(head);
  if (violation !== undefined) return violation;
  const framing = responseFraming(facts, head.status, requestMethod);
  if (typeof framing === "object") return framing;
  head.framing = framing;
  head.contentLength = facts.length;
  head.persistent = facts.persistent && framing !== FRAMING.UNTIL_CLOSE;
  head.upgrade = head.status === 101 && facts.switches;
  return head.status === 101 && !head.upgrade ? BAD_SWITCH : undefined;
}
