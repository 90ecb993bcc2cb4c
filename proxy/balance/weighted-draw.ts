// Draws endpoints at random, each as often as its weight says.
import type { Candidates, Random } from "./picker.ts";

/** Draws before the remaining endpoints are walked through: after so many misses few of them can be left. */
const MOST_DRAWS = 8;

export class WeightedDraw {
  readonly #weights: Float64Array;
  readonly #random: Random;
  /** Indices of those with a weight, and the sums of the weights up to each. */
  readonly #indices: Int32Array;
  readonly #sums: Float64Array;
  #count = 0;
  #alike = true;

  constructor({ weights }: Candidates, random: Random) {
    this.#weights = weights;
    this.#random = random;
    this.#indices = new Int32Array(weights.length);
    this.#sums = new Float64Array(weights.length);
    this.weigh();
  }

  /** How many there are to draw from. */
  get count(): number {
    return this.#count;
  }

  weigh(): void {
    const weights = this.#weights;
    let count = 0;
    let sum = 0;
    let alike = true;
    for (let index = 0; index < weights.length; index += 1) {
      const weight = weights[index] as number;
      if (weight <= 0) continue;
      sum += weight;
      this.#indices[count] = index;
      this.#sums[count] = sum;
      if (count > 0 && weight !== weights[this.#indices[0] as number]) alike = false;
      count += 1;
    }
    this.#count = count;
    this.#alike = alike;
  }

  /** The index of the endpoint at a position, below `count`. */
  at(position: number): number {
    return this.#indices[position] as number;
  }

  /** The position of one whose weight is above 0 even now; -1 without any. */
  draw(): number {
    for (let attempt = 0; attempt < MOST_DRAWS; attempt += 1) {
      const position = this.#any();
      if (position < 0) return -1;
      if (this.#free(position)) return position;
    }
    return this.#walk(Math.floor(this.#random() * this.#count));
  }

  #any(): number {
    const count = this.#count;
    if (count < 2) return count - 1;
    if (this.#alike) return Math.floor(this.#random() * count);
    const sums = this.#sums;
    const wanted = this.#random() * (sums[count - 1] as number);
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] as number) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #free(position: number): boolean {
    return (this.#weights[this.#indices[position] as number] as number) > 0;
  }

  #walk(start: number): number {
    for (let step = 0; step < this.#count; step += 1) {
      const position = (start + step) % this.#count;
      if (this.#free(position)) return position;
    }
    return -1;
  }
}
