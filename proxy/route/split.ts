// Shares of requests among the versions of a service. The version is chosen once for each request, so that its later tries
// stay there; it is left only when it has no endpoint for a try.
import { mix } from "../balance/hash32.ts";
import type { Target, Targets } from "../http/plan.ts";
import type { Random } from "./route-target.ts";

export interface SplitArm {
  readonly targets: Targets;
  /** Relative to the others; 0: only when no other has an endpoint. */
  readonly weight: number;
}

/** Chooses among arms by weight. As targets it chooses anew for each try. */
export class Split implements Targets {
  /** By arm: the targets of requests for which it was drawn. */
  readonly choices: readonly Targets[];
  readonly #arms: readonly SplitArm[];
  readonly #random: Random;

  /** `keyed`: requests with the same key (but 0) get the same version, as they get the same endpoint. */
  constructor(arms: readonly SplitArm[], keyed: boolean, random: Random) {
    this.#arms = arms;
    this.#random = random;
    this.choices = arms.map((_, chosen) => ({
      next: (key, tried, repeatable) =>
        this.#next(keyed && key !== 0 ? this.#at(shareOf(key)) : chosen, key, tried, repeatable),
    }));
  }

  /** An index of {@link choices}, for one request. */
  draw(): number {
    return this.#at(this.#random());
  }

  next(key: number, tried: readonly Target[], repeatable: boolean): Target | undefined {
    return this.choices[this.draw()]?.next(key, tried, repeatable);
  }

  #next(
    chosen: number,
    key: number,
    tried: readonly Target[],
    repeatable: boolean,
  ): Target | undefined {
    const first = this.#arms[chosen]?.targets.next(key, tried, repeatable);
    return first ?? this.#another(chosen, key, tried, repeatable);
  }

  /** The share of a version without endpoints goes to the others by their weights. */
  #another(
    chosen: number,
    key: number,
    tried: readonly Target[],
    repeatable: boolean,
  ): Target | undefined {
    let rest = this.#arms.filter((_, index) => index !== chosen);
    while (rest.length > 0) {
      const index = indexAt(rest, key === 0 ? this.#random() : shareOf(key));
      const target = rest[index]?.targets.next(key, tried, repeatable);
      if (target !== undefined) return target;
      rest = rest.toSpliced(index, 1);
    }
    return undefined;
  }

  #at(share: number): number {
    return indexAt(this.#arms, share);
  }
}

/** The arm at that share (from 0 to below 1) of all weights laid end to end. */
function indexAt(arms: readonly SplitArm[], share: number): number {
  let left = 0;
  for (const { weight } of arms) left += weight;
  left *= share;
  let last = 0;
  for (let index = 0; index < arms.length; index += 1) {
    const { weight } = arms[index] as SplitArm;
    if (weight === 0) continue;
    if (left < weight) return index;
    left -= weight;
    last = index;
  }
  return last;
}

/** Hashed once more, so that the version says nothing about the endpoint within it. */
function shareOf(key: number): number {
  return mix(key) / 2 ** 32;
}
