// `uri-host [ ":" port ]` (RFC 9112 §3.2, RFC 3986 §3.2.2), as it stands in Host fields and full addresses.
import { CLASSES, COLON, DOT, HEX, HOST, LOWER, PERCENT, ZERO } from "./characters.ts";

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const MAX_PORT = 65_535;

/** Whether the bytes are a host, perhaps with a port. Empty is allowed: a client without an authority says so (§3.2). */
export function isHost(bytes: Buffer, start: number, end: number): boolean {
  if (start === end) return true;
  const hostEnd =
    bytes[start] === OPEN_BRACKET ? addressEnd(bytes, start, end) : nameEnd(bytes, start, end);
  return hostEnd > start && isPort(bytes, hostEnd, end);
}

/** Whether the bytes are that authority, letters in any case. A port that is left out differs from one that is given. */
export function isSameHost(bytes: Buffer, start: number, end: number, authority: Buffer): boolean {
  if (end - start !== authority.length) return false;
  for (let index = 0; index < authority.length; index += 1) {
    if (LOWER[bytes[start + index] as number] !== LOWER[authority[index] as number]) return false;
  }
  return true;
}

/** The end of a name or IPv4 address: the colon before the port, or the first byte that does not belong. */
function nameEnd(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at] as number;
    if (((CLASSES[byte] as number) & HOST) !== 0) at += 1;
    else if (byte === PERCENT && isEscape(bytes, at, end)) at += 3;
    else break;
  }
  return at;
}

function isEscape(bytes: Buffer, at: number, end: number): boolean {
  return (
    at + 2 < end &&
    (HEX[bytes[at + 1] as number] as number) < 16 &&
    (HEX[bytes[at + 2] as number] as number) < 16
  );
}

/** The end of `[…]`; `start` when it is not an IPv6 address by its characters. */
function addressEnd(bytes: Buffer, start: number, end: number): number {
  let at = start + 1;
  let colons = 0;
  while (at < end && bytes[at] !== CLOSE_BRACKET) {
    const byte = bytes[at] as number;
    if (byte === COLON) colons += 1;
    else if (byte !== DOT && HEX[byte] === 255) return start;
    at += 1;
  }
  return at < end && colons >= 2 ? at + 1 : start;
}

/** Whether the bytes are nothing, or a colon and a port; the port may be empty (RFC 3986 §3.2.3). */
function isPort(bytes: Buffer, start: number, end: number): boolean {
  if (start === end) return true;
  if (bytes[start] !== COLON || end - start > 6) return false;
  let port = 0;
  for (let at = start + 1; at < end; at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= MAX_PORT;
}
