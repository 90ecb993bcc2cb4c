// What a route can lead to: a service, or one version of it, as this sidecar sees it.
import type { Policy } from "../../mesh/policy/policy.ts";
import type { Conduct, Targets } from "../http/plan.ts";

export interface RouteTarget {
  /** The catalog name, for failure texts and counters. */
  readonly service: string;
  readonly targets: Targets;
  readonly conduct: Conduct;
  /** Of the service that is called in the end: what its pickers hash on stands there. */
  readonly policy: Policy;
}

/** Undefined service: the called one; undefined version: all. Undefined: there is no such service or version. */
export type RouteLookup = (
  service: string | undefined,
  version: string | undefined,
) => RouteTarget | undefined;

/** At least 0 and below 1, as `Math.random`. */
export type Random = () => number;

/** A target that is not there is answered for with "no endpoint", and never replaced by another. */
export const NO_TARGETS: Targets = { next: () => undefined };
