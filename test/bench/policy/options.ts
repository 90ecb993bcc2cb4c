// The command line of `npm run bench -- policy`.
import { parseArgs } from "node:util";
import { SetupError } from "../../../scripts/command.ts";

export const POLICY_PARTS = ["failing", "slow", "recovery", "change", "deny", "pick"] as const;
export type PolicyPart = (typeof POLICY_PARTS)[number];

export interface PolicyOptions {
  readonly parts: ReadonlySet<PolicyPart>;
  /** Where the JSON goes; undefined for nowhere. */
  readonly json: string | undefined;
}

export const POLICY_USAGE: string = `npm run bench -- policy [--parts ${POLICY_PARTS.join(",")}] [--json file]`;

/** Throws SetupError for what cannot be chosen. */
export function readPolicyOptions(parameters: readonly string[]): PolicyOptions {
  const { values } = parseArgs({
    args: [...parameters],
    options: { parts: { type: "string", default: "" }, json: { type: "string" } },
  });
  const chosen = values.parts.split(",").filter(Boolean).map(readPart);
  return { parts: new Set(chosen.length === 0 ? POLICY_PARTS : chosen), json: values.json };
}

function readPart(word: string): PolicyPart {
  const found = POLICY_PARTS.find((part) => part === word);
  if (found !== undefined) return found;
  throw new SetupError(`expected a part out of ${POLICY_PARTS.join(", ")}, got ${word}`);
}
