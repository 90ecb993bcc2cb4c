// What is sent while an earlier write is still on its way: copied together, so that it leaves in one write.
// The memory belongs to the process, not to the wire: most wires never need any.

/** What a queue begins with; larger ones are not used again. */
const FIRST_SIZE = 128 * 1_024;
const MAX_SPARE = 8;
const spare: Buffer[] = [];

export class WriteQueue {
  #bytes: Buffer | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(source: Buffer, end: number): void {
    const wanted = this.#length + end;
    let bytes = this.#bytes ?? spare.pop() ?? Buffer.allocUnsafeSlow(FIRST_SIZE);
    if (wanted > bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(bytes.length * 2, wanted));
      bytes.copy(larger, 0, 0, this.#length);
      giveBack(bytes);
      bytes = larger;
    }
    source.copy(bytes, this.#length, 0, end);
    this.#bytes = bytes;
    this.#length = wanted;
  }

  /** Empties the queue. The memory is the caller's until it passes the same view to {@link giveBack}. */
  take(): Buffer {
    const { length } = this;
    const bytes = this.#bytes ?? Buffer.alloc(0);
    this.#bytes = undefined;
    this.#length = 0;
    return bytes.subarray(0, length);
  }

  clear(): void {
    if (this.#bytes !== undefined) giveBack(this.#bytes);
    this.#bytes = undefined;
    this.#length = 0;
  }
}

/** Nothing may be reading `view` any more. */
export function giveBack(view: Buffer): void {
  if (view.buffer.byteLength !== FIRST_SIZE || spare.length >= MAX_SPARE) return;
  spare.push(view.length === FIRST_SIZE ? view : Buffer.from(view.buffer));
}
