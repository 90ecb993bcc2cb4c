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
  /** What is written in an intention and cannot be followed to the letter, each a sentence for people; it denies more. */
  readonly problems: readonly string[];
}

/** Stands for every service in `source` and `destination`. */
export const ANY_SERVICE = "*";

/**
 * The intentions that speak of calls to the destination, most exact first: for a caller the first whose source is its name
 * or `*` decides. Consul's precedence: both exact 9, destination 8, source 6, neither 5; of equals those that deny come first.
 */
export function intentionsFor(view: IntentionsView, destination: string): readonly Intention[] {
  return view.intentions
    .filter(
      (intention) => intention.destination === destination || intention.destination === ANY_SERVICE,
    )
    .toSorted((a, b) => precedenceOf(b) - precedenceOf(a) || severity(b) - severity(a));
}

/** Consul's, from 5 to 9; without namespaces there is no more to it. */
export function precedenceOf({ source, destination }: Intention): number {
  const exactSource = source === ANY_SERVICE ? 0 : 1;
  return (destination === ANY_SERVICE ? 5 : 8) + exactSource;
}

function severity({ action }: Intention): number {
  if (action === "deny") return 2;
  return action === undefined ? 1 : 0;
}
