// `docker mesh policy unset`: what was set is taken away, so that labels, the mesh's policy and defaults count again.
import { nearestName } from "../../mesh/nearest.ts";
import type { ShownPolicy } from "../policy/policy-desk.ts";
import type { Command, CommandContext } from "./command.ts";
import { parseAllFlags, UsageError } from "./flags.ts";
import { PolicyClient } from "./policy-client.ts";
import type { FileFields } from "./policy-file.ts";
import { change } from "./policy-set.ts";
import { Refused } from "./refused.ts";

/** Attempts while others write at the same time. */
const ATTEMPTS = 10;

export const policyUnset: Command = {
  help: `Usage:  docker mesh policy unset SERVICE FIELD...
        docker mesh policy unset --all SERVICE

Take fields away from a service's policy; labels, the mesh's policy and defaults count again

  docker mesh policy unset orders balance.algorithm
  docker mesh policy unset orders route.canary        (all fields of that route)

Options:
      --all   Take all fields away
`,
  run: runUnset,
};

async function runUnset(args: readonly string[], context: CommandContext): Promise<void> {
  const { values, rest } = parseAllFlags(args, [{ name: "all", kind: "switch" }]);
  const [service, ...names] = rest;
  const all = values.get("all") === "true";
  if (service === undefined || (names.length === 0) !== all) {
    throw new UsageError(
      '"docker mesh policy unset" requires a service, and either at least one field or --all',
    );
  }
  const client = await PolicyClient.open(context);
  const become = (policy: ShownPolicy): FileFields => (all ? new Map() : without(policy, names));
  context.print(await change(client, service, false, ATTEMPTS, become));
}

/** Throws Refused for names of which nothing is set. */
function without({ service, document }: ShownPolicy, names: readonly string[]): FileFields {
  const fields = new Map<string, unknown>(Object.entries(document));
  const missing: string[] = [];
  for (const name of names) {
    const matching = Object.keys(document).filter(
      (field) => field === name || field.startsWith(`${name}.`),
    );
    if (matching.length === 0) missing.push(describeMissing(name, Object.keys(document)));
    for (const field of matching) fields.delete(field);
  }
  if (missing.length === 0) return fields;
  throw new Refused("POLICY_INVALID", [
    `the policy of ${service} is as it was: not all of these fields were set`,
    ...missing,
  ]);
}

function describeMissing(name: string, set: readonly string[]): string {
  const nearest = nearestName(name, set);
  const hint = nearest === undefined ? "" : `, did you mean ${nearest}?`;
  return `  ${name}: expected a field that is set${hint}`;
}
