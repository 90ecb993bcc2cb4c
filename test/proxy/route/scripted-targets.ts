// Services, versions and endpoints as routes see them, without anything behind them; and randomness that repeats itself.
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import { readPolicy } from "../../../mesh/policy/read-policy.ts";
import type { Target, Targets } from "../../../proxy/http/plan.ts";
import type { Destination } from "../../../proxy/http/streams.ts";
import { UNLIMITED } from "../../../proxy/resilience/unlimited.ts";
import type { Random, RouteLookup, RouteTarget } from "../../../proxy/route/route-target.ts";
import { Router } from "../../../proxy/route/router.ts";

const DESTINATION: Destination = {
  key: "",
  open: () => {
    throw new Error("nothing is sent here");
  },
  retire: () => undefined,
  close: () => undefined,
};

function endpoint(id: string): Target {
  const nothing = (): void => undefined;
  const calls = { begin: nothing, answered: nothing, failed: nothing, ended: nothing };
  return { id, destination: DESTINATION, ...calls };
}

/** Endpoints in order, those that were not tried first; `usable` can be changed. */
export class ScriptedTargets implements Targets {
  usable = true;
  readonly #endpoints: readonly Target[];
  readonly #again: boolean;

  /** `again`: when all were tried, the first is given again, as pickers with few endpoints do. */
  constructor(ids: readonly string[], again = false) {
    this.#endpoints = ids.map(endpoint);
    this.#again = again;
  }

  next(_key: number, tried: readonly Target[]): Target | undefined {
    if (!this.usable) return undefined;
    const untried = this.#endpoints.find((target) => !tried.includes(target));
    return untried ?? (this.#again ? this.#endpoints[0] : undefined);
  }
}

/** By service, or by `service@version`: the ids of endpoints. */
export type Endpoints = Readonly<Record<string, readonly string[]>>;

export const OWN = "shop-orders";

/** The services that one sidecar calls; `shop-orders` is the one whose routes are asked. */
export class ScriptedServices {
  readonly random: Random;
  readonly #policies: Readonly<Record<string, PolicyDocument>>;
  readonly #targets = new Map<string, ScriptedTargets>();

  constructor(
    endpoints: Endpoints,
    policies: Readonly<Record<string, PolicyDocument>>,
    random: Random = seeded(1),
  ) {
    this.random = random;
    this.#policies = policies;
    for (const [name, ids] of Object.entries(endpoints))
      this.#targets.set(name, new ScriptedTargets(ids));
  }

  router(): Router {
    return new Router(this.target(OWN), this.lookup, this.random);
  }

  /** `service` or `service@version`. */
  targetsOf(name: string): ScriptedTargets {
    const targets = this.#targets.get(name);
    if (targets === undefined) throw new Error(`the test knows no ${name}`);
    return targets;
  }

  target(name: string): RouteTarget {
    const service = name.split("@")[0] ?? name;
    const { policy, problems } = readPolicy(this.#policies[service] ?? {}, "strict");
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
    return { service, targets: this.targetsOf(name), conduct: UNLIMITED, policy };
  }

  readonly lookup: RouteLookup = (service = OWN, version = undefined) => {
    const name = version === undefined ? service : `${service}@${version}`;
    return this.#targets.has(name) ? this.target(name) : undefined;
  };
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Five standard deviations of a binomial: a right share misses it once in two million runs, and with a seed never. */
export function isShare(hits: number, runs: number, percent: number): boolean {
  const expected = (runs * percent) / 100;
  return Math.abs(hits - expected) <= 5 * Math.sqrt(expected * (1 - percent / 100));
}
