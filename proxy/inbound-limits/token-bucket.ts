// A token bucket: it fills at a rate up to its capacity, and each request takes a token. Times are ms of a monotonic clock.

export class TokenBucket {
  /** Tokens a ms. */
  readonly #speed: number;
  readonly #capacity: number;
  #tokens: number;
  #filledAt: number;

  /** Full at `now`. `rate`: tokens a second, more than 0; `capacity`: at least 1. */
  constructor(rate: number, capacity: number, now: number) {
    this.#speed = rate / 1_000;
    this.#capacity = capacity;
    this.#tokens = capacity;
    this.#filledAt = now;
  }

  /** Ms until a token will be there; 0 when there is one. */
  wait(now: number): number {
    this.#fill(now);
    return this.#tokens >= 1 ? 0 : (1 - this.#tokens) / this.#speed;
  }

  /** Takes the token that {@link wait} has found. */
  take(): void {
    this.#tokens -= 1;
  }

  /** Whether it is as good as a new one. */
  isFull(now: number): boolean {
    this.#fill(now);
    return this.#tokens === this.#capacity;
  }

  #fill(now: number): void {
    const more = Math.max(0, now - this.#filledAt) * this.#speed;
    this.#tokens = Math.min(this.#capacity, this.#tokens + more);
    this.#filledAt = now;
  }
}
