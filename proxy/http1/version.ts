// `HTTP/1.0` and `HTTP/1.1`, in request and status lines (RFC 9112 §2.3).
import { ZERO } from "./characters.ts";
import type { MessageHead } from "./message-head.ts";
import { INCOMPLETE } from "./violation.ts";
import { BAD_VERSION, UNSUPPORTED_VERSION } from "./violations.ts";

const PATTERN = Buffer.from("HTTP/1.1");
const MAJOR = 5;
const MINOR = 7;

/** Reads the version at `at` into the head. Returns the offset after it, INCOMPLETE or REFUSED. */
export function parseVersion(head: MessageHead, bytes: Buffer, at: number, end: number): number {
  const available = Math.min(end - at, PATTERN.length);
  for (let index = 0; index < available; index += 1) {
    const byte = bytes[at + index] as number;
    const fits =
      index === MAJOR || index === MINOR
        ? byte >= ZERO && byte <= ZERO + 9
        : byte === PATTERN[index];
    if (!fits) return head.refuse(BAD_VERSION);
  }
  if (available < PATTERN.length) return INCOMPLETE;
  head.minor = (bytes[at + MINOR] as number) - ZERO;
  const supported = bytes[at + MAJOR] === ZERO + 1 && head.minor <= 1;
  return supported ? at + PATTERN.length : head.refuse(UNSUPPORTED_VERSION);
}
