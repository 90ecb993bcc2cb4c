// Round robin: every endpoint in its turn.
import type { Candidates, EndpointPicker, Random } from "./picker.ts";

/**
 * Smooth weighted round robin, as nginx has it: every endpoint gains its weight with each pick, the one with the most is
 * picked and pays what all have gained. Equal weights make it a plain rotation; heavier endpoints come oftener, their
 * turns spread evenly.
 */
export class RoundRobinPicker implements EndpointPicker {
  readonly #weights: Float64Array;
  readonly #credits: Float64Array;

  /** `random`: so that sidecars that start together do not all begin with the same endpoint. */
  constructor({ weights, configured }: Candidates, random: Random) {
    this.#weights = weights;
    this.#credits = configured.map((weight) => weight * random());
  }

  weigh(): void {}

  pick(): number {
    const weights = this.#weights;
    const credits = this.#credits;
    let best = -1;
    let most = Number.NEGATIVE_INFINITY;
    let gained = 0;
    for (let index = 0; index < weights.length; index += 1) {
      const weight = weights[index] as number;
      if (weight <= 0) continue;
      const credit = (credits[index] as number) + weight;
      credits[index] = credit;
      gained += weight;
      if (credit <= most) continue;
      most = credit;
      best = index;
    }
    if (best >= 0) credits[best] = most - gained;
    return best;
  }
}
