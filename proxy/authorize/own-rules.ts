// The rules of the own service that concern one caller, with how exactly each of them speaks of it and of paths.
import type {
  AccessPolicy,
  AccessRule,
  PathMatch,
  RequestMatch,
} from "../../mesh/policy/policy.ts";
import { type CompiledMatch, compileMatch } from "../match/matches.ts";
import { type Caller, exactness } from "./caller.ts";
import type { Denial, Rule } from "./rule-list.ts";
import { RuleSet } from "./rule-set.ts";

interface PreparedRule extends Rule {
  readonly callers: AccessRule["callers"];
  readonly pathRank: number;
}

export class OwnRules {
  readonly #rules: readonly PreparedRule[];
  readonly #fallback: Denial | undefined;

  constructor({ defaultAction, audit, rules }: AccessPolicy) {
    const enforced = !audit;
    this.#rules = rules.map(({ name, action, callers, match, claims }) => ({
      ...{ action, callers, claims, match: compileConditions(match) },
      pathRank: exactnessOfPath(match.path),
      denial: { by: name === "deny" ? name : `rule.${name}`, enforced },
    }));
    const allows = rules.some(({ action }) => action === "allow");
    const by = allows ? "no rule that allows it" : "default-action";
    this.#fallback = allows || defaultAction === "deny" ? { by, enforced } : undefined;
  }

  /** Those for one caller; `service` as of `serviceOf`. */
  for(caller: Caller, service: string | undefined): RuleSet {
    const ranked = this.#rules
      .map((rule) => ({ ...rule, callerRank: exactness(rule.callers, caller, service) }))
      .filter(({ callerRank }) => callerRank > 0);
    return new RuleSet(ranked, this.#fallback);
  }
}

/** Undefined for what matches every request. */
export function compileConditions(match: RequestMatch): CompiledMatch | undefined {
  const { path, methods, headers, query } = match;
  const some = path !== undefined || methods.length + headers.length + query.length > 0;
  return some ? compileMatch(match) : undefined;
}

const NO_PATH = 0;
const EXPRESSION = 1;

/** Longer prefixes are more exact ones. */
function exactnessOfPath(path: PathMatch | undefined): number {
  if (path === undefined) return NO_PATH;
  if (path.kind === "regex") return EXPRESSION;
  return path.kind === "prefix" ? EXPRESSION + path.text.length : Number.POSITIVE_INFINITY;
}
