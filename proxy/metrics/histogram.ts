// Times of requests in buckets that grow with the time: eight to each doubling, so that a quantile is right to 13 %.

const SUBDIVISIONS = 8;
const LOG_SUBDIVISIONS = 3;
/** Up to 2^30 µs, some 18 minutes; what took longer counts as that. */
const LARGEST = 2 ** 30 - 1;

export class Histogram {
  readonly #buckets = new Float64Array(31 * SUBDIVISIONS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds a time in milliseconds. */
  record(milliseconds: number): void {
    const microseconds = milliseconds * 1_000;
    const value = microseconds > LARGEST ? LARGEST : microseconds | 0;
    const index = bucketOf(value);
    this.#buckets[index] = (this.#buckets[index] as number) + 1;
    this.#count += 1;
  }

  /** The time in milliseconds that this share (0–1) of all stayed below; 0 when there is none. */
  quantile(share: number): number {
    let rest = share * this.#count;
    for (let index = 0; index < this.#buckets.length; index += 1) {
      rest -= this.#buckets[index] as number;
      if (rest <= 0 && this.#count > 0) return upperEnd(index) / 1_000;
    }
    return 0;
  }
}

function bucketOf(value: number): number {
  if (value < SUBDIVISIONS) return value;
  const exponent = 31 - Math.clz32(value);
  return (
    ((exponent - LOG_SUBDIVISIONS + 1) << LOG_SUBDIVISIONS) +
    ((value >> (exponent - LOG_SUBDIVISIONS)) & (SUBDIVISIONS - 1))
  );
}

/** Where the bucket ends, µs. */
function upperEnd(index: number): number {
  if (index < SUBDIVISIONS) return index + 1;
  const exponent = (index >> LOG_SUBDIVISIONS) + LOG_SUBDIVISIONS - 1;
  const step = 2 ** (exponent - LOG_SUBDIVISIONS);
  return (SUBDIVISIONS + (index & (SUBDIVISIONS - 1)) + 1) * step;
}
