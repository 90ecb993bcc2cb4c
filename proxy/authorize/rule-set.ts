// The own rules about one caller. A refusal stands unless a matching permission is the more exact one: of caller, of path and
// of further conditions it must equal the refusal in all and surpass it in one. So nothing that speaks of callers alone opens
// a path that was closed, and the other way round.
import { matches } from "../match/matches.ts";
import type { RequestView } from "../match/request-view.ts";
import { type Claims, claimsMatch } from "./claims.ts";
import { type Denial, isConditional, type Rule, type Rules } from "./rule-list.ts";

export interface RankedRule extends Rule {
  /** How exactly the caller is spoken of. */
  readonly callerRank: number;
  readonly pathRank: number;
}

/** A refusal and the permissions that go before it. */
interface Refusal extends RankedRule {
  readonly exceptions: readonly RankedRule[];
}

export class RuleSet implements Rules {
  /** The most exact first, for what is reported. */
  readonly #refusals: readonly Refusal[];
  readonly #permissions: readonly RankedRule[];
  readonly #fallback: Denial | undefined;
  readonly enforced: boolean;
  readonly fixed: boolean;
  readonly readsPaths: boolean;

  /** `fallback`: what holds when no rule matches; undefined allows. */
  constructor(rules: readonly RankedRule[], fallback: Denial | undefined) {
    const permissions = rules.filter(({ action }) => action === "allow");
    this.#permissions = permissions;
    this.#refusals = rules
      .filter(({ action }) => action === "deny")
      .map((rule) => ({ ...rule, exceptions: permissions.filter((each) => surpasses(each, rule)) }))
      .filter(({ exceptions }) => exceptions.every(isConditional))
      .sort((a, b) => b.callerRank - a.callerRank || b.pathRank - a.pathRank);
    this.#fallback = fallback;
    this.enforced = rules.every(({ denial }) => denial.enforced);
    const closed = this.#refusals.some(
      (each) => !isConditional(each) && each.exceptions.length === 0,
    );
    const open = fallback === undefined || permissions.some((each) => !isConditional(each));
    this.fixed = closed || (this.#refusals.length === 0 && (open || permissions.length === 0));
    this.readsPaths = !this.fixed && rules.some(({ match }) => match?.path !== undefined);
  }

  decide(view: RequestView, claims: Claims | undefined): Denial | undefined {
    for (const refusal of this.#refusals) {
      if (!applies(refusal, view, claims)) continue;
      if (!someApplies(refusal.exceptions, view, claims)) return refusal.denial;
    }
    return someApplies(this.#permissions, view, claims) ? undefined : this.#fallback;
  }

  decideStream(): Denial | undefined {
    // The exceptions that are left have conditions, which nobody can say to be met.
    const [refusal] = this.#refusals;
    if (refusal !== undefined) return refusal.denial;
    return this.#permissions.every(isConditional) ? this.#fallback : undefined;
  }

  decideBlindly(): Denial | undefined {
    const [refusal] = this.#refusals;
    if (refusal !== undefined) return refusal.denial;
    return this.#permissions.length > 0 ? undefined : this.#fallback;
  }
}

function surpasses(permission: RankedRule, refusal: RankedRule): boolean {
  const differences = [
    permission.callerRank - refusal.callerRank,
    // Both may be without end: two exact paths.
    compare(permission.pathRank, refusal.pathRank),
    Number(hasFurtherConditions(permission)) - Number(hasFurtherConditions(refusal)),
  ];
  return differences.every((each) => each >= 0) && differences.some((each) => each > 0);
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** Beyond caller and path. */
function hasFurtherConditions({ match, claims }: Rule): boolean {
  if (claims.length > 0) return true;
  return (
    match !== undefined && match.methods.length + match.headers.length + match.query.length > 0
  );
}

function applies(rule: Rule, view: RequestView, claims: Claims | undefined): boolean {
  const { action, match } = rule;
  if (match !== undefined && !matches(match, view, action)) return false;
  return rule.claims.length === 0 || claimsMatch(rule.claims, claims);
}

function someApplies(
  rules: readonly Rule[],
  view: RequestView,
  claims: Claims | undefined,
): boolean {
  for (const rule of rules) if (applies(rule, view, claims)) return true;
  return false;
}
