// Waiting times between attempts: exponential, capped, with jitter so that many waiters do not return at once.

export interface BackoffOptions {
  /** The first wait, in milliseconds. */
  readonly base: number;
  /** No wait is longer, in milliseconds. */
  readonly max: number;
}

/** Counts failures and says how long to wait before the next attempt; `reset` after a success. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #failures = 0;

  constructor(options: BackoffOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
  }

  /** Milliseconds to wait: between half and all of `base · 2^failures`, capped at `max`. */
  next(): number {
    const ceiling = Math.min(this.#options.max, this.#options.base * 2 ** this.#failures);
    this.#failures += 1;
    return ceiling * (0.5 + this.#random() / 2);
  }

  reset(): void {
    this.#failures = 0;
  }
}
