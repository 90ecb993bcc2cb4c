// A 32-bit hash for spreading, not for secrecy: FNV-1a over the bytes, then the finalizer of MurmurHash3, without which
// the high bits of short inputs hardly differ. Fast for the few bytes of a header value, and the same on every platform.

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/** The hash of `bytes[start, end)`, 0 to 2³² − 1. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = OFFSET;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), PRIME);
  return mix(hash);
}

/** The hash of a text's UTF-16 units; for ASCII that of its bytes. */
export function hashText(text: string, seed: number = 0): number {
  let hash = OFFSET ^ seed;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), PRIME);
  return mix(hash);
}

/** Spreads every bit of the input over the whole result; a bijection of 32 bits. */
export function mix(value: number): number {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
