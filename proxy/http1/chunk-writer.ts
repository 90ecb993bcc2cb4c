// Puts the chunked framing on (RFC 9112 §7.1); extensions are never written.
import type { Trailers } from "../http/streams.ts";
import { CR, LF, ZERO } from "./characters.ts";

const HEX_DIGITS = Buffer.from("0123456789abcdef");

/** Writes the line before `size` bytes of data, up to 16 bytes; a chunk of no bytes would end the body. */
export function writeChunkHead(out: Buffer, at: number, size: number): number {
  let digits = 1;
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 16)) digits += 1;
  let rest = size;
  for (let offset = at + digits - 1; offset >= at; offset -= 1) {
    out[offset] = HEX_DIGITS[rest % 16] as number;
    rest = Math.floor(rest / 16);
  }
  return writeChunkEnd(out, at + digits);
}

/** Writes what follows a chunk's data. */
export function writeChunkEnd(out: Buffer, at: number): number {
  out[at] = CR;
  out[at + 1] = LF;
  return at + 2;
}

/** Writes the end of the body. */
export function writeLastChunk(out: Buffer, at: number, trailers: Trailers): number {
  out[at] = ZERO;
  const fields = writeChunkEnd(out, at + 1);
  trailers.copy(out, fields);
  return writeChunkEnd(out, fields + trailers.length);
}
