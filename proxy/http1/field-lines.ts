// The syntax of field lines, for heads and trailers alike (RFC 9112 §5). What fields mean is not known here.
import { COLON, CR, LF, SP, skip, skipBlanks, TAB, TOKEN, trimEnd, VALUE } from "./characters.ts";
import { fieldName } from "./field-names.ts";
import type { MessageHead } from "./message-head.ts";
import { type HeadLimits, INCOMPLETE, type Violation } from "./violation.ts";
import {
  BAD_NAME,
  BAD_VALUE,
  BARE_CR,
  EMPTY_NAME,
  FOLDED_LINE,
  LINE_TOO_LONG,
  SPACE_BEFORE_COLON,
  TOO_MANY_FIELDS,
} from "./violations.ts";

/**
 * Reads field lines from `start` up to and including the empty line after them into the head's arrays. Returns the offset
 * after the empty line, INCOMPLETE or REFUSED. What is refused does not depend on how much has arrived.
 */
export function parseFieldLines(
  head: MessageHead,
  bytes: Buffer,
  start: number,
  end: number,
  limits: HeadLimits,
): number {
  let at = start;
  for (let index = 0; ; index += 1) {
    if (at >= end) return INCOMPLETE;
    if (bytes[at] === CR) {
      head.count = index;
      return endOfLine(head, bytes, at, end);
    }
    if (index === limits.fields) return head.refuse(TOO_MANY_FIELDS);
    at = parseFieldLine(head, index, bytes, at, end, limits.line);
    if (at < 0) return at;
  }
}

/** Expects CR LF at `at`, of which the CR has been seen. */
export function endOfLine(head: MessageHead, bytes: Buffer, at: number, end: number): number {
  if (at + 1 >= end) return INCOMPLETE;
  return bytes[at + 1] === LF ? at + 2 : head.refuse(BARE_CR);
}

function parseFieldLine(
  head: MessageHead,
  index: number,
  bytes: Buffer,
  start: number,
  end: number,
  longest: number,
): number {
  // One byte more than allowed is looked at, so that a line is refused by what it holds up to there and nothing behind it.
  const stop = Math.min(end, start + longest + 1);
  const colon = skip(bytes, start, stop, TOKEN);
  if (colon === stop) return runsOut(head, start, stop, longest);
  if (colon === start || bytes[colon] !== COLON)
    return head.refuse(nameViolation(bytes, start, colon));
  const valueStart = skipBlanks(bytes, colon + 1, stop);
  const lineBreak = skip(bytes, valueStart, stop, VALUE);
  if (lineBreak === stop) return runsOut(head, start, stop, longest);
  if (bytes[lineBreak] !== CR) return head.refuse(BAD_VALUE);
  const next = endOfLine(head, bytes, lineBreak, end);
  if (next < 0) return next;
  const valueEnd = trimEnd(bytes, valueStart, lineBreak);
  if (valueEnd !== lineBreak || valueStart > colon + 2 || bytes[colon + 1] === TAB)
    head.padded = true;
  head.names[index] = fieldName(bytes, start, colon);
  head.nameStart[index] = start;
  head.nameEnd[index] = colon;
  head.valueStart[index] = valueStart;
  head.valueEnd[index] = valueEnd;
  head.lineEnd[index] = next;
  return next;
}

function runsOut(head: MessageHead, start: number, stop: number, longest: number): number {
  return stop - start > longest ? head.refuse(LINE_TOO_LONG) : INCOMPLETE;
}

function nameViolation(bytes: Buffer, start: number, at: number): Violation {
  const byte = bytes[at];
  const blank = byte === SP || byte === TAB;
  if (at > start) return blank ? SPACE_BEFORE_COLON : BAD_NAME;
  if (blank) return FOLDED_LINE;
  return byte === COLON ? EMPTY_NAME : BAD_NAME;
}
