// Intentions: Consul's rules about which service may call which. An exact name beats `*`, the destination counting first;
// one intention decides a pair.
import type { RequestMatch } from "./policy.ts";

export interface Intention {
  /** A catalog name or `*`. */
  readonly source: string;
  readonly destination: string;
  /** Undefined when `permissions` decide. */
  readonly action: "allow" | "deny" | undefined;
  /** From top to bottom, the first match decides; when none does, the default. Consul 1.9 and later. */
  readonly permissions: readonly Permission[];
}

export interface Permission {
  readonly action: "allow" | "deny";
  readonly match: RequestMatch;
}

/** All intentions and what holds without one. Immutable. */
export interface IntentionsView {
  readonly defaultAction: "allow" | "deny";
  readonly intentions: readonly Intention[];
}
