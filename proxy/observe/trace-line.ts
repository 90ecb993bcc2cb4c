// The field line that tells the next one of a trace, `traceparent: 00-<trace>-<span>-<flags>` (W3C Trace Context §3.2), made in
// place for nearly every request: digits are copied or written one by one, and no text is made of them.

/** Filled anew for each request and read only while its head is written. */
export const TRACE_LINE: Buffer = Buffer.from(
  `traceparent: 00-${"0".repeat(32)}-${"0".repeat(16)}-00\r\n`,
);
const TRACE_AT = TRACE_LINE.indexOf("00-") + 3;
const SPAN_AT = TRACE_AT + 33;
const FLAG_AT = SPAN_AT + 18;

export const SAMPLED = 1;
/** The last bits of the trace's id are random (level 2, §3.2.2.5). */
export const RANDOM = 2;

const DIGITS = Buffer.from("0123456789abcdef");
const ZERO = 0x30;
const DASH = 0x2d;
/** Characters of the value in version 00. */
const LENGTH = 55;
/** By byte: the value of a digit in lower case; -1 for all else. */
const VALUES: Int8Array = new Int8Array(256).fill(-1);
for (const [value, digit] of DIGITS.entries()) VALUES[digit] = value;
/** The two digits of each byte, one after the other. */
const PAIRS: Uint8Array = Uint8Array.from(
  { length: 512 },
  (_, at) => DIGITS[at & 1 ? (at >> 1) & 15 : at >> 5] as number,
);

/** What a `traceparent` says beside the trace's id, which is in the line then. */
export interface CameAlong {
  /** The sender's span, its two words of 32 bits. */
  high: number;
  low: number;
  flags: number;
}

/** Takes a value of version 00 over into the line, but for the span; false for anything else, whatever the line is then. */
export function copyParent(bytes: Buffer, start: number, end: number, came: CameAlong): boolean {
  if (end - start !== LENGTH || bytes[start] !== ZERO || bytes[start + 1] !== ZERO) return false;
  if (bytes[start + 2] !== DASH || bytes[start + 35] !== DASH || bytes[start + 52] !== DASH)
    return false;
  let seen = 0;
  for (let index = 0; index < 32; index += 1) {
    const digit = bytes[start + 3 + index] as number;
    TRACE_LINE[TRACE_AT + index] = digit;
    seen |= VALUES[digit] as number;
  }
  const high = wordAt(bytes, start + 36);
  const low = wordAt(bytes, start + 44);
  const first = VALUES[bytes[start + 53] as number] as number;
  const second = VALUES[bytes[start + 54] as number] as number;
  came.high = high;
  came.low = low;
  came.flags = second & (SAMPLED | RANDOM);
  return seen > 0 && areDigits(bytes, start + 36) && (high | low) !== 0 && (first | second) >= 0;
}

function wordAt(bytes: Buffer, at: number): number {
  let word = 0;
  for (let index = at; index < at + 8; index += 1)
    word = (word << 4) | (VALUES[bytes[index] as number] as number);
  return word;
}

function areDigits(bytes: Buffer, at: number): boolean {
  let seen = 0;
  for (let index = at; index < at + 16; index += 1)
    seen |= VALUES[bytes[index] as number] as number;
  return seen >= 0;
}

export function writeTrace(first: number, second: number, third: number, fourth: number): void {
  writeWord(TRACE_AT, first);
  writeWord(TRACE_AT + 8, second);
  writeWord(TRACE_AT + 16, third);
  writeWord(TRACE_AT + 24, fourth);
}

/** 32 digits. */
export function writeTraceText(id: string): void {
  TRACE_LINE.write(id, TRACE_AT, "latin1");
}

export function writeSpan(high: number, low: number, flags: number): void {
  writeWord(SPAN_AT, high);
  writeWord(SPAN_AT + 8, low);
  TRACE_LINE[FLAG_AT] = ZERO + flags;
}

function writeWord(at: number, word: number): void {
  for (let index = 0; index < 4; index += 1) {
    const pair = ((word >>> (24 - 8 * index)) & 255) * 2;
    TRACE_LINE[at + 2 * index] = PAIRS[pair] as number;
    TRACE_LINE[at + 2 * index + 1] = PAIRS[pair + 1] as number;
  }
}

/** The ids in the line of a head that was sent. */
export function idsIn(head: string): { readonly traceId: string; readonly spanId: string } {
  const [, traceId = "", spanId = ""] =
    /\r\ntraceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-0\d\r\n/.exec(head) ?? [];
  return { traceId, spanId };
}
