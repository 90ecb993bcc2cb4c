// Where the requests of a route may go: the versions of a service by their shares, and behind them the services that stand
// in. A route that says nothing about one of them leaves it to the service.
import type { RoutePolicy, WeightedVersion } from "../../mesh/policy/policy.ts";
import { isKeyed } from "../balance/hash-key.ts";
import type { Targets } from "../http/plan.ts";
import { FailoverTargets } from "./failover.ts";
import { NO_TARGETS, type Random, type RouteLookup, type RouteTarget } from "./route-target.ts";
import { Split } from "./split.ts";

/** One service among the places of a route. */
export interface PlaceService {
  /** All of its endpoints. */
  readonly targets: Targets;
  /** Its versions that get requests; undefined: all. */
  readonly versions: ReadonlySet<string> | undefined;
}

export class Places {
  /** The service itself, then those that stand in, in their order. */
  readonly services: readonly PlaceService[];
  readonly #choices: readonly Targets[];
  readonly #split: Split | undefined;

  constructor(
    route: Pick<RoutePolicy, "split" | "failover"> | undefined,
    target: RouteTarget,
    lookup: RouteLookup,
    random: Random,
  ) {
    const { policy } = target;
    const versions = route?.split.length ? route.split : policy.split;
    const services = route?.failover.length ? route.failover : policy.failover;
    // Shares of its own policy hold for a stand-in; its own stand-ins do not, or there would be circles.
    const others = services.flatMap((service) => lookup(service, undefined) ?? []);
    this.services = [
      placeService(target, versions),
      ...others.map((other) => placeService(other, other.policy.split)),
    ];
    const targets = targetsOf(target, versions, lookup, random);
    const standIns = others.map((other) => targetsOf(other, other.policy.split, lookup, random));
    this.#split = targets instanceof Split ? targets : undefined;
    const choices = this.#split?.choices ?? [targets];
    this.#choices =
      standIns.length === 0
        ? choices
        : choices.map((choice) => new FailoverTargets([choice, ...standIns]));
  }

  /** Whether {@link draw} gives different ones. */
  get several(): boolean {
    return this.#choices.length > 1;
  }

  /** For one request. */
  draw(): Targets {
    return this.#choices[this.#split?.draw() ?? 0] as Targets;
  }
}

function placeService(
  { targets }: RouteTarget,
  versions: readonly WeightedVersion[],
): PlaceService {
  const chosen = versions.filter(({ weight }, _, { length }) => weight > 0 || length === 1);
  const names = chosen.map(({ version }) => version);
  return { targets, versions: names.length === 0 ? undefined : new Set(names) };
}

/** A lone version needs no drawing: it is what it is, with all that can be said to it. */
function targetsOf(
  target: RouteTarget,
  versions: readonly WeightedVersion[],
  lookup: RouteLookup,
  random: Random,
): Targets {
  if (versions.length === 0) return target.targets;
  const arms = versions.map(({ version, weight }) => ({
    targets: lookup(target.service, version)?.targets ?? NO_TARGETS,
    weight,
  }));
  const [lone, ...others] = arms;
  if (lone !== undefined && others.length === 0) return lone.targets;
  return new Split(arms, isKeyed(target.policy.balance.algorithm), random);
}
