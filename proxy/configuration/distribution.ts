// How a quantity is distributed: what Prometheus calls a histogram. Sidecars count in it, agents add up what they are told.
import { BUCKETS, type DistributionReport } from "./traffic-report.ts";

export class Distribution {
  readonly #counts: number[] = new Array<number>(BUCKETS.length + 1).fill(0);
  #sum = 0;

  record(value: number): void {
    let index = 0;
    while (index < BUCKETS.length && value > (BUCKETS[index] as number)) index += 1;
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#sum += value;
  }

  /** Adds what was read from another one. */
  add({ sum, counts }: DistributionReport): void {
    this.#sum += sum;
    for (let index = 0; index < this.#counts.length; index += 1)
      this.#counts[index] = (this.#counts[index] as number) + (counts[index] ?? 0);
  }

  read(): DistributionReport {
    return { sum: this.#sum, counts: [...this.#counts] };
  }
}
