// Consul's intentions in the order of their precedence, as the API and `docker mesh intentions` show them. Pure.

import type { PolicyDocument } from "../../mesh/policy/document.ts";
import {
  ANY_SERVICE,
  type Intention,
  type IntentionsView,
  precedenceOf,
} from "../../mesh/policy/intention.ts";
import { matchDocument } from "./own-intentions.ts";

export interface RankedIntention {
  /** A catalog name or `*`. */
  readonly source: string;
  readonly destination: string;
  /** Absent where `permissions` decide. */
  readonly action?: "allow" | "deny";
  /** Consul's, from 9 down to 5; 0 for what holds without an intention. */
  readonly precedence: number;
  /** From top to bottom, the first match decides; `match` in the words of routes and rules. */
  readonly permissions: readonly {
    readonly action: "allow" | "deny";
    readonly match: PolicyDocument;
  }[];
}

export interface IntentionsAnswer {
  /** Highest precedence first. The last one is what holds for all others, unless an intention speaks of everybody. */
  readonly intentions: readonly RankedIntention[];
  /** So many more there are. */
  readonly left: number;
  /** What cannot be followed to the letter, each a sentence. */
  readonly problems: readonly string[];
}

/** Intentions in one answer. */
export const MOST_INTENTIONS = 5_000;

export function rankIntentions(view: IntentionsView): IntentionsAnswer {
  const ranked = view.intentions.map(rank).sort(compare);
  const { defaultAction } = view;
  const others = { source: ANY_SERVICE, destination: ANY_SERVICE, precedence: 0, permissions: [] };
  const isDecided = ranked.some(
    ({ source, destination }) => source === ANY_SERVICE && destination === ANY_SERVICE,
  );
  const all = isDecided ? ranked : [...ranked, { ...others, action: defaultAction }];
  const intentions = all.slice(0, MOST_INTENTIONS);
  return { intentions, left: all.length - intentions.length, problems: view.problems };
}

function rank(intention: Intention): RankedIntention {
  const { source, destination, action, permissions } = intention;
  return {
    ...{ source, destination, precedence: precedenceOf(intention) },
    ...(action === undefined ? {} : { action }),
    permissions: permissions.map((permission) => ({
      action: permission.action,
      match: matchDocument(permission.match),
    })),
  };
}

function compare(a: RankedIntention, b: RankedIntention): number {
  const names = ({ destination, source }: RankedIntention): string => `${destination} ${source}`;
  return b.precedence - a.precedence || (names(a) < names(b) ? -1 : 1);
}
