// Copies of requests for another service or version, whose answers nobody sees.
import type { Mirror } from "../../mesh/policy/policy.ts";
import { happens } from "./percent.ts";
import type { Random, RouteLookup, RouteTarget } from "./route-target.ts";

/** Draws for each request whether it is copied. */
export class Mirroring {
  readonly #target: RouteTarget;
  readonly #percent: number;
  readonly #random: Random;

  private constructor(target: RouteTarget, percent: number, random: Random) {
    this.#target = target;
    this.#percent = percent;
    this.#random = random;
  }

  /** Undefined when there is nothing to copy to. */
  static to(
    mirror: Mirror | undefined,
    lookup: RouteLookup,
    random: Random,
  ): Mirroring | undefined {
    const target = mirror && lookup(mirror.service, mirror.version);
    return mirror && target && new Mirroring(target, mirror.percent, random);
  }

  draw(): RouteTarget | undefined {
    return happens(this.#percent, this.#random) ? this.#target : undefined;
  }
}
