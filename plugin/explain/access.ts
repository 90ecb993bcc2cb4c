// Why a callee lets a request in or does not, in a few words each. Pure.
import type { AccessExplanation, RuleVerdict } from "../../proxy/explain/explain-access.ts";

export interface AccessReasons {
  /** The callee and the caller, by their catalog names. */
  readonly service: string;
  readonly caller: string;
  readonly explained: AccessExplanation;
}

export function reasonsOf({ service, caller, explained }: AccessReasons): string[] {
  const { decision, by, token } = explained;
  return [
    ...(by === undefined
      ? []
      : [`${decision === "audited" ? "audit: would refuse" : "refused"}: ${by}`]),
    describeIntention(service, explained),
    ...describeRules(caller, explained),
    ...(token === "none" ? [] : [TOKENS[token]]),
  ];
}

const TOKENS = {
  optional: "a token of a user is verified where there is one",
  required:
    "a token of a user is required: without one (--header 'authorization: Bearer …') nobody gets in, with one the rules decide",
} as const;

function describeIntention(
  service: string,
  { intention, defaultIntention }: AccessExplanation,
): string {
  if (intention === undefined)
    return `no intention speaks of it: the default is ${defaultIntention}`;
  const { source, action, permissions } = intention;
  const name = `intention ${source} → ${service}`;
  return action === undefined
    ? `${name} has ${permissions.length === 1 ? "1 permission" : `${permissions.length} permissions`} on requests`
    : `${name}: ${action}`;
}

function describeRules(caller: string, { rules }: AccessExplanation): string[] {
  if (rules.length === 0) return [`no rule of its own speaks of ${caller}`];
  return rules.map(describeRule);
}

function describeRule({ name, action, matched, unmet, asksForClaims }: RuleVerdict): string {
  const shown = name === action ? name : `rule.${name} (${action})`;
  if (!matched) return `${shown} does not concern it: ${unmet.join(", ")}`;
  return asksForClaims
    ? `${shown} concerns it where the user's claims are as it says`
    : `${shown} concerns it`;
}
