// The open streams of a link by their ids: a hash table whose entries are chained through the streams themselves, so that a
// stream leaves nothing behind. A Map did, for the reason that mesh/linked-list.ts gives: with 32 requests at a time 40 % of
// all memory that requests took went on to V8's old generation, and each collection of the young one took 1.1 ms
// instead of 0.15.

/** What a stream carries for the table; only the table writes `chained`. */
export interface Chained<Stream> {
  /** Does not change while the stream is in the table. */
  readonly id: number;
  chained: Stream | undefined;
}

const FEWEST_CHAINS = 64;

export class StreamTable<Stream extends Chained<Stream>> {
  size = 0;
  #chains: (Stream | undefined)[] = new Array(FEWEST_CHAINS).fill(undefined);

  get(id: number): Stream | undefined {
    let stream = this.#chains[this.#chainOf(id)];
    while (stream !== undefined && stream.id !== id) stream = stream.chained;
    return stream;
  }

  /** There must be no stream with its id. */
  add(stream: Stream): void {
    if (this.size === this.#chains.length) this.#grow();
    this.size += 1;
    this.#put(stream);
  }

  delete(stream: Stream): void {
    const chain = this.#chainOf(stream.id);
    let before: Stream | undefined;
    let at = this.#chains[chain];
    while (at !== undefined && at !== stream) {
      before = at;
      at = at.chained;
    }
    if (at === undefined) return;
    if (before === undefined) this.#chains[chain] = at.chained;
    else before.chained = at.chained;
    at.chained = undefined;
    this.size -= 1;
  }

  /** The streams as they are now, in the order of their ids: some may go while others are dealt with. */
  values(): Stream[] {
    const streams: Stream[] = [];
    for (const first of this.#chains)
      for (let stream = first; stream !== undefined; stream = stream.chained) streams.push(stream);
    return streams.sort((a, b) => a.id - b.id);
  }

  /** Ids are odd, and rise by two where the peer has no reason to leave some out. */
  #chainOf(id: number): number {
    return (id >>> 1) & (this.#chains.length - 1);
  }

  #put(stream: Stream): void {
    const chain = this.#chainOf(stream.id);
    stream.chained = this.#chains[chain];
    this.#chains[chain] = stream;
  }

  /** It does not shrink again: a link has 1,024 streams at most. */
  #grow(): void {
    const streams = this.values();
    this.#chains = new Array(this.#chains.length * 2).fill(undefined);
    for (const stream of streams) this.#put(stream);
  }
}
