// What rules about a caller are asked; and rules in an order of their own, as intentions have them: the first that matches
// a request decides, and without one the fallback.
import type { FieldMatch } from "../../mesh/policy/policy.ts";
import { type CompiledMatch, matches } from "../match/matches.ts";
import type { RequestView } from "../match/request-view.ts";
import { type Claims, claimsMatch } from "./claims.ts";

/** Why a request is refused. */
export interface Denial {
  /** A rule's name, `default-action`, or an intention: for logs, never for callers. */
  readonly by: string;
  /** False under audit: it is only reported. */
  readonly enforced: boolean;
}

export interface Rule {
  readonly action: "allow" | "deny";
  /** Undefined: any request. */
  readonly match: CompiledMatch | undefined;
  readonly claims: readonly FieldMatch[];
  readonly denial: Denial;
}

/** The rules about one caller. Answers are the reason of a refusal; undefined allows. */
export interface Rules {
  /** Whether refusals count, or are only reported. */
  readonly enforced: boolean;
  /** Whether the answer is the same whatever the request. */
  readonly fixed: boolean;
  readonly readsPaths: boolean;
  /** Without `claims` there is no user, who then has none. */
  decide(view: RequestView, claims: Claims | undefined): Denial | undefined;
  /** For bytes that are no request: nobody can say that they meet a condition of an allow, or that they do not of a deny. */
  decideStream(): Denial | undefined;
  /** For a request that was let in once and is not at hand any more: it ends where a deny could concern it. */
  decideBlindly(): Denial | undefined;
}

export class RuleList implements Rules {
  readonly #rules: readonly Rule[];
  readonly #fallback: Denial | undefined;
  readonly enforced: boolean;
  readonly fixed: boolean;
  readonly readsPaths: boolean;

  /** `fallback`: what holds when no rule matches; undefined allows. */
  constructor(rules: readonly Rule[], fallback: Denial | undefined) {
    const last = rules.findIndex((rule) => !isConditional(rule));
    this.#rules = last < 0 ? rules : rules.slice(0, last + 1);
    this.#fallback = fallback;
    this.enforced = rules.every(({ denial }) => denial.enforced);
    this.fixed = last === 0 || rules.length === 0;
    this.readsPaths = this.#rules.some(({ match }) => match?.path !== undefined);
  }

  decide(view: RequestView, claims: Claims | undefined): Denial | undefined {
    for (const rule of this.#rules) {
      const { action, match } = rule;
      if (match !== undefined && !matches(match, view, action)) continue;
      if (rule.claims.length === 0 || claimsMatch(rule.claims, claims)) return outcome(rule);
    }
    return this.#fallback;
  }

  decideStream(): Denial | undefined {
    for (const rule of this.#rules) {
      if (rule.action === "deny" || !isConditional(rule)) return outcome(rule);
    }
    return this.#fallback;
  }

  decideBlindly(): Denial | undefined {
    const denying = this.#rules.find(({ action }) => action === "deny");
    if (denying !== undefined) return denying.denial;
    return this.#rules.length > 0 ? undefined : this.#fallback;
  }
}

function outcome({ action, denial }: Rule): Denial | undefined {
  return action === "deny" ? denial : undefined;
}

/** Whether it depends on the request. */
export function isConditional({ match, claims }: Rule): boolean {
  return match !== undefined || claims.length > 0;
}
