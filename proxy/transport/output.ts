// Where a message is composed before it is sent: one piece of memory that is used again and again. Only when the kernel
// does not take everything at once is it given away until it has been written, and replaced.

/** Room for a whole read (64 KiB), a whole head, and framing. */
export const OUTPUT_SIZE: number = 160 * 1_024;
/** Spare pieces kept for the next time; more were only needed while many peers were slow at once. */
const MAX_SPARE = 8;
/** Small outputs are sent through views made once: making one costs about as much as copying 200 bytes. */
const LONGEST_KEPT_VIEW = 2_048;

class Piece {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(OUTPUT_SIZE);
  readonly views: (Buffer | undefined)[] = new Array(LONGEST_KEPT_VIEW + 1).fill(undefined);
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

  /** Appends a copy of `source[start, end)`. */
  append(source: Buffer, start: number, end: number): void {
    const { bytes } = this.#piece;
    let at = this.length;
    this.length += end - start;
    // Below this the native call costs more than the loop.
    if (end - start < 64)
      for (let from = start; from < end; from += 1) bytes[at++] = source[from] as number;
    else source.copy(bytes, at, start, end);
  }

  /** The composed bytes; valid until something else is composed. */
  view(): Buffer {
    const { length } = this;
    const { bytes, views } = this.#piece;
    if (length > LONGEST_KEPT_VIEW) return bytes.subarray(0, length);
    views[length] ??= bytes.subarray(0, length);
    return views[length];
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
