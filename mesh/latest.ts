// A mailbox with one slot: a slow reader gets the newest value, never a queue of old ones.

/** Holds the newest value; writers overwrite, each reader waits for something newer than it last saw. */
export class Latest<T> {
  #value: T | undefined;
  #sequence = 0;
  #waiting = Promise.withResolvers<void>();

  /** The newest value, or undefined before the first `set`. */
  get value(): T | undefined {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    this.#sequence += 1;
    this.#wake();
  }

  /** Every value that is the newest when the reader asks; ends (without throwing) when the signal aborts. */
  async *values(signal: AbortSignal): AsyncGenerator<T, void, undefined> {
    const onAbort = (): void => this.#wake();
    signal.addEventListener("abort", onAbort, { once: true });
    let seen = 0;
    try {
      while (!signal.aborted) {
        if (seen === this.#sequence) {
          await this.#waiting.promise;
          continue;
        }
        seen = this.#sequence;
        yield this.#value as T;
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Lets every reader look again. One promise for value and abort: a race would pile up reactions on the slower one. */
  #wake(): void {
    const { resolve } = this.#waiting;
    this.#waiting = Promise.withResolvers<void>();
    resolve();
  }
}
