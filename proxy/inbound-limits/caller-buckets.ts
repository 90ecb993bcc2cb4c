// A token bucket for each caller, as many as memory allows: a full bucket is as good as none and makes room. Where even that
// is not enough, all further callers share one, so that nobody gets a fresh bucket by coming under many names.
import { TokenBucket } from "./token-bucket.ts";

/** Callers with a bucket of their own. */
export const MAX_CALLERS = 1_024;
/** Milliseconds between two searches for room. */
const SWEEP_INTERVAL = 1_000;

export class CallerBuckets {
  readonly #rate: number;
  readonly #capacity: number;
  readonly #buckets = new Map<string, TokenBucket>();
  #shared: TokenBucket | undefined;
  #sweptAt = Number.NEGATIVE_INFINITY;

  /** As of {@link TokenBucket}, for each caller. */
  constructor(rate: number, capacity: number) {
    this.#rate = rate;
    this.#capacity = capacity;
  }

  /** The bucket of a caller; to be looked up for each request. */
  of(caller: string, now: number): TokenBucket {
    const known = this.#buckets.get(caller);
    if (known !== undefined) return known;
    if (this.#buckets.size >= MAX_CALLERS) this.#sweep(now);
    if (this.#buckets.size >= MAX_CALLERS) {
      this.#shared ??= this.#create(now);
      return this.#shared;
    }
    const bucket = this.#create(now);
    this.#buckets.set(caller, bucket);
    return bucket;
  }

  #create(now: number): TokenBucket {
    return new TokenBucket(this.#rate, this.#capacity, now);
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < SWEEP_INTERVAL) return;
    this.#sweptAt = now;
    for (const [caller, bucket] of this.#buckets) {
      if (bucket.isFull(now)) this.#buckets.delete(caller);
    }
  }
}
