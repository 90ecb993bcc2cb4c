// A bound on how many things run at once, first come first served.

/** Hands out a fixed number of slots. */
export class Slots {
  #total: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(total: number) {
    this.#total = total;
  }

  get total(): number {
    return this.#total;
  }

  /** Gives out that many from now on; those who have one keep it. */
  resize(total: number): void {
    this.#total = total;
    while (this.#taken < this.#total && this.#waiting.length > 0) {
      this.#taken += 1;
      this.#waiting.shift()?.();
    }
  }

  /** True while someone waits for a slot: whoever holds one should give it back soon. */
  get crowded(): boolean {
    return this.#waiting.length > 0;
  }

  /** Runs the work in a slot, when one is free; rejects with the signal's reason if it aborts before that. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#take(signal);
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#taken < this.#total) {
      this.#taken += 1;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => {
      const place = this.#waiting.indexOf(resolve);
      // No longer in line: it was handed a slot in this very turn, and gives it back after its work.
      if (place < 0) return;
      this.#waiting.splice(place, 1);
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#waiting.push(resolve);
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #release(): void {
    const next = this.#taken > this.#total ? undefined : this.#waiting.shift();
    if (next === undefined) this.#taken -= 1;
    else next();
  }
}
