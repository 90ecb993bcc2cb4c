// The characters of HTTP/1.1 as lookup tables, and comparisons of bytes that fold ASCII letters and nothing else.
// No text functions: `trim`, `toLowerCase` and `\s` know characters that HTTP does not.

/** Bits of {@link CLASSES}. */
export const TOKEN = 1;
/** Field values and reason phrases: HTAB, SP, visible characters, 0x80 and above (RFC 9110 §5.5). */
export const VALUE = 2;
/** Request targets: visible ASCII but for `#` (no fragment goes over the wire) and the backslash. */
export const TARGET = 4;
/** `reg-name` of RFC 3986 without `%`, and without the comma, which would look like a list of hosts. */
export const HOST = 8;
/** Between quotes in a chunk extension, without `"` and the backslash (RFC 9110 §5.6.4). */
export const QUOTED = 16;

export const TAB = 9;
export const LF = 10;
export const CR = 13;
export const SP = 32;
export const QUOTE = 34;
export const PERCENT = 37;
export const STAR = 42;
export const COMMA = 44;
export const DOT = 46;
export const SLASH = 47;
export const ZERO = 48;
export const COLON = 58;
export const SEMICOLON = 59;
export const EQUALS = 61;
export const QUESTION_MARK = 63;
export const BACKSLASH = 92;

const LETTERS_AND_DIGITS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

function classTable(): Uint8Array {
  const table = new Uint8Array(256);
  const add = (text: string, bit: number): void => {
    for (const byte of Buffer.from(text, "latin1")) table[byte] = (table[byte] as number) | bit;
  };
  add(`${LETTERS_AND_DIGITS}!#$%&'*+-.^_\`|~`, TOKEN);
  add(`${LETTERS_AND_DIGITS}-._~!$&'()*+;=`, HOST);
  for (let byte = 0; byte < 256; byte += 1) {
    const visible = byte > SP && byte < 127;
    const text = visible || byte === SP || byte === TAB || byte > 127;
    let bits = table[byte] as number;
    if (text) bits |= VALUE;
    if (text && byte !== QUOTE && byte !== BACKSLASH) bits |= QUOTED;
    if (visible && byte !== 35 && byte !== BACKSLASH) bits |= TARGET;
    table[byte] = bits;
  }
  return table;
}

/** What each byte may be part of. */
export const CLASSES: Uint8Array = classTable();

/** ASCII letters in lower case, everything else as it is. */
export const LOWER: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 65 && byte <= 90 ? byte + 32 : byte,
);

/** The value of a hexadecimal digit, 255 for anything else. */
export const HEX: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = "0123456789abcdef".indexOf(String.fromCharCode(LOWER[byte] as number));
  return digit < 0 ? 255 : digit;
});

/** The first offset from `at` whose byte is not of the class, at most `end`. */
export function skip(bytes: Buffer, at: number, end: number, bit: number): number {
  let offset = at;
  while (offset < end && ((CLASSES[bytes[offset] as number] as number) & bit) !== 0) offset += 1;
  return offset;
}

/** The first offset from `at` that is neither SP nor HTAB, at most `end`. */
export function skipBlanks(bytes: Buffer, at: number, end: number): number {
  let offset = at;
  while (offset < end && (bytes[offset] === SP || bytes[offset] === TAB)) offset += 1;
  return offset;
}

/** `end` without the SP and HTAB before it, at least `start`. */
export function trimEnd(bytes: Buffer, start: number, end: number): number {
  let offset = end;
  while (offset > start && (bytes[offset - 1] === SP || bytes[offset - 1] === TAB)) offset -= 1;
  return offset;
}

/** Whether the bytes are the text, ASCII letters in any case. The text is given in lower case. */
export function equalsFolded(bytes: Buffer, start: number, end: number, lower: Buffer): boolean {
  return end - start === lower.length && startsWithFolded(bytes, start, end, lower);
}

/** Whether the bytes begin with the text, ASCII letters in any case. The text is given in lower case. */
export function startsWithFolded(
  bytes: Buffer,
  start: number,
  end: number,
  lower: Buffer,
): boolean {
  const { length } = lower;
  if (end - start < length) return false;
  for (let index = 0; index < length; index += 1) {
    if (LOWER[bytes[start + index] as number] !== lower[index]) return false;
  }
  return true;
}

/** Whether a line ends, rightly or not, within the first `end` bytes. */
export function holdsLineEnd(bytes: Buffer, end: number): boolean {
  for (let at = 0; at < end; at += 1) if (bytes[at] === LF || bytes[at] === CR) return true;
  return false;
}
