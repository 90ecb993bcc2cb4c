// Where a message is composed before it is sent: one piece of memory that is used again and again. Only when the kernel
// does not take everything at once is it given away until it has been written, and replaced.

/** Room for a whole read (64 KiB), a whole head, and framing. */
export const OUTPUT_SIZE: number = 160 * 1_024;
/** Spare pieces kept for the next time; more were only needed while many peers were slow at once. */
const MAX_SPARE = 8;
/** Shorter copies are made byte by byte: calling out of JavaScript costs more. */
const SHORTEST_NATIVE_COPY = 40;
/**
 * Views that are kept for outputs of the same length, one for each remainder: to make one costs ten times what finding it
 * does. A power of two; more would only cost memory (100 bytes each).
 */
const KEPT_VIEWS = 256;
const NO_ROOM = `expected at most ${OUTPUT_SIZE} bytes to be composed at once`;
const NO_VIEW = Buffer.alloc(0);

class Piece {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(OUTPUT_SIZE);
  readonly views: Buffer[] = new Array<Buffer>(KEPT_VIEWS).fill(NO_VIEW);
}

/** Memory that is being written and comes back afterwards. */
export type Surrendered = Piece;

/** Composes one message at a time: append, then hand it to a wire. */
export class Output {
  #piece = new Piece();
  readonly #spare: Piece[] = [];
  /** How much of `bytes` is composed. */
  length = 0;

  get bytes(): Buffer {
    return this.#piece.bytes;
  }

  /** Appends a copy of `source[start, end)`. Throws a RangeError when it does not fit: to cut it would corrupt a stream. */
  append(source: Buffer, start: number, end: number): void {
    const { bytes } = this.#piece;
    let at = this.length;
    if (at + end - start > OUTPUT_SIZE) throw new RangeError(NO_ROOM);
    this.length += end - start;
    if (end - start < SHORTEST_NATIVE_COPY)
      for (let from = start; from < end; from += 1) bytes[at++] = source[from] as number;
    else source.copy(bytes, at, start, end);
  }

  /** The composed bytes; valid until something else is composed. */
  view(): Buffer {
    const { length } = this;
    const { bytes, views } = this.#piece;
    const slot = length & (KEPT_VIEWS - 1);
    const kept = views[slot] as Buffer;
    if (kept.length === length) return kept;
    const view = bytes.subarray(0, length);
    views[slot] = view;
    return view;
  }

  /** Gives the memory away that the last view points into; the caller returns it. */
  surrender(): Surrendered {
    const piece = this.#piece;
    this.#piece = this.#spare.pop() ?? new Piece();
    return piece;
  }

  takeBack(piece: Surrendered): void {
    if (this.#spare.length < MAX_SPARE) this.#spare.push(piece);
  }
}
