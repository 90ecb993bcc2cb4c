// Reads the views of policies or of intentions in the background, as an agent does.

/** Keeps every view it was given; disposing ends the reading and waits for its end. */
export class Reader<T> implements AsyncDisposable {
  readonly views: T[] = [];
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(source: { views(signal: AbortSignal): AsyncIterable<T> }) {
    this.#done = this.#read(source);
  }

  /** Undefined before the first. */
  get newest(): T | undefined {
    return this.views.at(-1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #read(source: { views(signal: AbortSignal): AsyncIterable<T> }): Promise<void> {
    for await (const view of source.views(this.#stop.signal)) this.views.push(view);
  }
}
