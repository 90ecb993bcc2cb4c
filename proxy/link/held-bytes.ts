// Bytes that cannot go on yet: of a body for which the peer has granted no room, or which the next one does not take.
// Bounded by whoever holds them.

const FIRST_SIZE = 4_096;

const NOTHING: Buffer = Buffer.alloc(0);

export class HeldBytes {
  #bytes: Buffer = NOTHING;
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Where the first of them is in `bytes`. */
  get start(): number {
    return this.#start;
  }

  append(source: Buffer, start: number, end: number): void {
    const size = end - start;
    if (this.#end + size > this.#bytes.length) this.#makeRoom(size);
    source.copy(this.#bytes, this.#end, start, end);
    this.#end += size;
  }

  /** The first `size` bytes are done with. The memory goes with the last ones. */
  drop(size: number): void {
    this.#start += size;
    if (this.#start < this.#end) return;
    this.clear();
  }

  clear(): void {
    this.#bytes = NOTHING;
    this.#start = 0;
    this.#end = 0;
  }

  #makeRoom(size: number): void {
    const { length } = this;
    const wanted = length + size;
    const next =
      wanted > this.#bytes.length
        ? Buffer.allocUnsafeSlow(Math.max(wanted, this.#bytes.length * 2, FIRST_SIZE))
        : this.#bytes;
    this.#bytes.copy(next, 0, this.#start, this.#end);
    this.#bytes = next;
    this.#start = 0;
    this.#end = length;
  }
}
