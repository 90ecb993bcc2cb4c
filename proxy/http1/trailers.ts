// Field lines after a chunked body (RFC 9112 §7.1.2): read by the rules for heads, and reduced to those that may arrive
// late (RFC 9110 §6.5.1).
import { NO_TRAILERS, type Trailers } from "../http/streams.ts";
import { parseFieldLines } from "./field-lines.ts";
import { MessageHead } from "./message-head.ts";
import { type HeadLimits, INCOMPLETE, REFUSED, type Violation } from "./violation.ts";
import { TRAILERS_TOO_LONG } from "./violations.ts";

/** `head` is for all trailers of a body together. */
const LIMITS: HeadLimits = { head: 8_192, target: 0, line: 8_192, fields: 32 };

/** Decisions were made without them, or they concern one connection alone. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Whether a field of that name, in lower case, must not come as a trailer. */
export function isForbiddenTrailer(name: string): boolean {
  if (FORBIDDEN.has(name)) return true;
  const dashed = name.replaceAll("_", "-");
  return dashed.startsWith("x-mesh-") || dashed.startsWith("x-forwarded-");
}

/** Holds the spans while trailers are read; they are never anything but text afterwards. */
const lines = new MessageHead();

/** Reads trailers up to the empty line after them, in as many pieces as they come. */
export class TrailerReader {
  /** What has arrived so far when they did not come in one piece. */
  #kept: Buffer | undefined = undefined;
  trailers: Trailers = NO_TRAILERS;
  violation: Violation | undefined = undefined;

  begin(): void {
    this.#kept = undefined;
    this.trailers = NO_TRAILERS;
    this.violation = undefined;
  }

  /** Returns the offset after the empty line, INCOMPLETE (all of `bytes[start, end)` has been taken) or REFUSED. */
  read(bytes: Buffer, start: number, end: number): number {
    const before = this.#kept?.length ?? 0;
    const input = this.#kept === undefined ? bytes : joined(this.#kept, bytes, start, end);
    const from = this.#kept === undefined ? start : 0;
    const to = this.#kept === undefined ? end : input.length;
    const next = this.#parse(input, from, to);
    if (next >= 0) {
      this.trailers = allowedLines(lines);
      this.#kept = undefined;
      return start + (next - from) - before;
    }
    if (next === INCOMPLETE) this.#kept = Buffer.from(input.subarray(from, to));
    return next;
  }

  #parse(bytes: Buffer, start: number, end: number): number {
    lines.begin(bytes, start);
    const stop = Math.min(end, start + LIMITS.head);
    const next = parseFieldLines(lines, bytes, start, stop, LIMITS);
    if (next === INCOMPLETE && stop - start === LIMITS.head) lines.refuse(TRAILERS_TOO_LONG);
    this.violation = lines.violation;
    return lines.violation === undefined ? next : REFUSED;
  }
}

function joined(kept: Buffer, bytes: Buffer, start: number, end: number): Buffer {
  return Buffer.concat([kept, bytes.subarray(start, end)]);
}

function allowedLines(head: MessageHead): Trailers {
  let text = "";
  for (let index = 0; index < head.count; index += 1) {
    const { bytes } = head;
    const name = bytes.toString("latin1", head.nameStart[index], head.nameEnd[index]);
    if (isForbiddenTrailer(name.toLowerCase())) continue;
    text += `${name}: ${bytes.toString("latin1", head.valueStart[index], head.valueEnd[index])}\r\n`;
  }
  return text === "" ? NO_TRAILERS : Buffer.from(text, "latin1");
}
