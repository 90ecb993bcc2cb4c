// Telling protocols apart by their first bytes. Pure: where the bytes come from is the business of the files beside this one.

/** What a connection carries, as far as it matters here; `tcp` is anything that is neither form of HTTP. */
export type Carried = "http1" | "http2" | "tcp";
/** `undecided`: what follows may make it one or another. */
export type Verdict = Carried | "undecided";

/** What a client that knows that the server speaks HTTP/2 sends first (RFC 9113 §3.4). */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
/** How the version in an HTTP/1 request line begins (RFC 9112 §2.3). */
const VERSION = Buffer.from("HTTP/1.", "latin1");
/** Longer than any registered method; the longest is UPDATEREDIRECTREF. */
const LONGEST_METHOD = 24;
/** A line that goes on as a request line for so many bytes is one. Those that are too long are refused as requests. */
const LONGEST_LINE = 8_192;

const SPACE = 0x20;
const HYPHEN = 0x2d;
const DELETE = 0x7f;

/**
 * Which protocol a connection speaks that begins with `bytes`. A request line counts only with its version, since other
 * protocols of lines begin alike (`SET key value`, `INVITE sip:someone SIP/2.0`).
 */
export function classify(bytes: Buffer): Verdict {
  const verdict = classifyPreface(bytes);
  return verdict === "http1" ? classifyRequestLine(bytes) : verdict;
}

/** The same where nothing but HTTP is expected: HTTP/2 by its preface, and all else is for HTTP/1 to accept or refuse. */
export function classifyPreface(bytes: Buffer): Exclude<Verdict, "tcp"> {
  const alike = countAlike(bytes, 0, PREFACE);
  if (alike === PREFACE.length) return "http2";
  return alike === bytes.length ? "undecided" : "http1";
}

function classifyRequestLine(bytes: Buffer): Verdict {
  const method = endOfMethod(bytes);
  if (method > LONGEST_METHOD || bytes[0] === HYPHEN) return "tcp";
  if (method === bytes.length) return "undecided";
  if (method === 0 || bytes[method] !== SPACE) return "tcp";
  const target = endOfTarget(bytes, method + 1);
  if (target >= LONGEST_LINE) return "http1";
  if (target === bytes.length) return "undecided";
  if (target === method + 1 || bytes[target] !== SPACE) return "tcp";
  return classifyVersion(bytes, target + 1);
}

function classifyVersion(bytes: Buffer, start: number): Verdict {
  const alike = countAlike(bytes, start, VERSION);
  if (alike === VERSION.length) return "http1";
  return start + alike === bytes.length ? "undecided" : "tcp";
}

/** Methods in use are upper-case words; others are possible (RFC 9110 §9.1), but then anything would be a method. */
function endOfMethod(bytes: Buffer): number {
  let at = 0;
  while (at < bytes.length && isMethodByte(bytes[at] as number)) at += 1;
  return at;
}

function isMethodByte(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || byte === HYPHEN;
}

function endOfTarget(bytes: Buffer, start: number): number {
  let at = start;
  while (at < bytes.length && at < LONGEST_LINE && isTargetByte(bytes[at] as number)) at += 1;
  return at;
}

/** Neither space nor control: whether it is a good target is not the question. */
function isTargetByte(byte: number): boolean {
  return byte > SPACE && byte !== DELETE;
}

/** How many bytes from `start` on are those with which `text` begins. */
function countAlike(bytes: Buffer, start: number, text: Buffer): number {
  let count = 0;
  while (count < text.length && bytes[start + count] === text[count]) count += 1;
  return count;
}
