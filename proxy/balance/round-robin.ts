// Round robin: each pick starts one candidate further on, the others follow in order as second choices.
import type { Candidates, EndpointPicker, Picker, Random } from "./picker.ts";

/** Where the rotation stands; one per service and port, kept across snapshots so that a change favours nobody. */
export interface Rotation {
  position: number;
}

/** A picker over `candidates` that moves `rotation` on with each pick. */
export function roundRobin<T>(candidates: readonly T[], rotation: Rotation): Picker<T> {
  return {
    pick: () => {
      if (candidates.length < 2) return candidates;
      const start = rotation.position % candidates.length;
      rotation.position = start + 1;
      return [...candidates.slice(start), ...candidates.slice(0, start)];
    },
  };
}

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
