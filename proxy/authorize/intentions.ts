// Consul's intentions about the own service. One of them decides for a caller: by its action, or by its permissions from top
// to bottom.
import { readMatch } from "../../mesh/policy/read-match.ts";
import type { OwnIntention, OwnIntentions } from "../configuration/snapshot.ts";
import { compileConditions } from "./own-rules.ts";
import { type Denial, type Rule, RuleList } from "./rule-list.ts";

export class Intentions {
  readonly #lists: readonly { readonly source: string; readonly rules: RuleList }[];
  readonly #none: RuleList;

  /** `destination`: the own service. */
  constructor({ defaultAction, list }: OwnIntentions, destination: string) {
    const fallback: Denial | undefined =
      defaultAction === "deny" ? { by: "the default of intentions", enforced: true } : undefined;
    this.#none = new RuleList([], fallback);
    this.#lists = list.map((intention) => {
      const { source } = intention;
      const denial = { by: `intention ${source} → ${destination}`, enforced: true };
      return { source, rules: new RuleList(rulesOf(intention, denial), fallback) };
    });
  }

  /** Those for the callers of one service; undefined stands for callers without a name here. */
  for(service: string | undefined): RuleList {
    return intentionFor(this.#lists, service)?.rules ?? this.#none;
  }
}

/** The one that decides about the callers of a service, of a list with the most exact first. */
export function intentionFor<Intention extends Pick<OwnIntention, "source">>(
  list: readonly Intention[],
  service: string | undefined,
): Intention | undefined {
  return list.find(({ source }) => source === "*" || source === service);
}

function rulesOf({ action, permissions }: OwnIntention, denial: Denial): readonly Rule[] {
  if (action !== undefined) return [{ action, match: undefined, claims: [], denial }];
  return permissions.flatMap((permission): readonly Rule[] => {
    const match = readMatch(permission.match);
    const rule = { action: permission.action, claims: [], denial };
    if ("methods" in match) return [{ ...rule, match: compileConditions(match) }];
    // What is not understood permits nothing, and refuses everything.
    return permission.action === "deny" ? [{ ...rule, match: undefined }] : [];
  });
}
