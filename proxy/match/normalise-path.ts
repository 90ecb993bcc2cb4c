// The one form of a request's path in which everything that matches paths sees it. Applications read paths differently
// (some decode twice, some take `;` for an end, some take `//` for the beginning of a host); a path of which two of them
// could think differently is not judged at all, which costs little: clients normalise what they send, and few send `%2F`.
import { HEX, PERCENT, SLASH } from "../http1/characters.ts";

/** Unreserved characters and those that mean themselves within a segment (RFC 3986 §3.3) without `;`. */
const PLAIN = /^(?:\/[A-Za-z0-9_~!$&'()*+,=:@-][A-Za-z0-9._~!$&'()*+,=:@-]*)*\/?$/;

const CHARACTER = { ESCAPED: 0, LITERAL: 1, DISPUTED: 2 } as const;

/** By byte, how it stands in a segment. Encoded or not, servers disagree about `/`, the backslash, `;` and NUL. */
const CHARACTERS: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (/[/\\;\0]/.test(character)) return CHARACTER.DISPUTED;
  return PLAIN.test(`/a${character}`) ? CHARACTER.LITERAL : CHARACTER.ESCAPED;
});

/** An escape within an escape: who decodes more than once gets another path, `/admin` from `/%2561dmin`. */
const NESTED_ESCAPE = /%25(?:25)*[0-9A-F]{2}/i;
/** By byte. */
const ESCAPES: readonly string[] = Array.from(
  CHARACTERS,
  (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
);
const HIGH_BYTE = /%[89A-F]/;

/**
 * A path without its query, as it stands in a request, in normal form: every escape that is not needed decoded, the others
 * in upper case, one slash between segments, no segments of dots; case is kept. The normal form of a normal form is itself.
 * Undefined when it cannot be judged: it is no path (`*`), has invalid escapes, escapes that are not UTF-8, `%2F`, `%5C`,
 * `%00`, a backslash or `;` in any spelling, an escape within an escape (`%2561`), begins with `//`, climbs above the root, or climbs out of an empty segment.
 */
export function normalisePath(raw: string): string | undefined {
  if (raw[0] !== "/") return undefined;
  if (PLAIN.test(raw)) return raw;
  const text = normaliseEscapes(raw);
  if (text === undefined || text.startsWith("//") || NESTED_ESCAPE.test(text)) return undefined;
  if (HIGH_BYTE.test(text) && !isUtf8(text)) return undefined;
  return PLAIN.test(text) ? text : normaliseSegments(text.slice(1).split("/"));
}

function normaliseEscapes(raw: string): string | undefined {
  let text = "";
  for (let at = 0; at < raw.length; at += 1) {
    let byte = raw.charCodeAt(at);
    if (byte === SLASH) {
      text += "/";
      continue;
    }
    if (byte === PERCENT) {
      byte = escapedByte(raw, at);
      at += 2;
    }
    // Undefined beyond the bytes, which is neither.
    const character = CHARACTERS[byte];
    if (character === CHARACTER.LITERAL) text += String.fromCharCode(byte);
    else if (character === CHARACTER.ESCAPED) text += ESCAPES[byte];
    else return undefined;
  }
  return text;
}

/** -1 without two hexadecimal digits. */
function escapedByte(raw: string, at: number): number {
  const high = HEX[raw.charCodeAt(at + 1)] ?? 255;
  const low = HEX[raw.charCodeAt(at + 2)] ?? 255;
  return high === 255 || low === 255 ? -1 : high * 16 + low;
}

/** Overlong encodings (`%C0%AF`) are a slash to some decoders. */
function isUtf8(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether empty segments or dots go first makes a difference for `/a//../b`: `/a/b` by RFC 3986, `/b` with many servers. */
function normaliseSegments(segments: readonly string[]): string | undefined {
  const byTheBook = withoutDots(segments);
  const mergedFirst = withoutDots(withoutEmpty(segments));
  if (byTheBook === undefined || mergedFirst === undefined) return undefined;
  const text = withoutEmpty(byTheBook).join("/");
  return text === withoutEmpty(mergedFirst).join("/") ? `/${text}` : undefined;
}

/** RFC 3986 §5.2.4, but undefined for what would climb above the root. */
function withoutDots(segments: readonly string[]): string[] | undefined {
  const kept: string[] = [];
  for (const segment of segments) {
    if (segment === ".." && kept.pop() === undefined) return undefined;
    if (segment !== "." && segment !== "..") kept.push(segment);
  }
  const last = segments.at(-1);
  if (last === "." || last === "..") kept.push("");
  return kept;
}

/** All but the last, which is empty after a slash at the end. */
function withoutEmpty(segments: readonly string[]): string[] {
  return segments.filter((segment, index) => segment !== "" || index === segments.length - 1);
}
