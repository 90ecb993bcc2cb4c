// `docker mesh policy set`: some fields change, all others stay, whoever else writes at the same time.
import { MeshError } from "../../mesh/errors.ts";
import type { ShownPolicy } from "../policy/policy-desk.ts";
import type { Command, CommandContext } from "./command.ts";
import { type Flag, parseAllFlags, UsageError } from "./flags.ts";
import { PolicyClient } from "./policy-client.ts";
import { type FileFields, readFields } from "./policy-file.ts";

const FLAGS: readonly Flag[] = [
  { name: "create", kind: "switch" },
  { name: "file", short: "f", kind: "text" },
  { name: "replace", kind: "switch" },
];

/** Attempts while others write at the same time. */
const ATTEMPTS = 10;

export const policySet: Command = {
  help: `Usage:  docker mesh policy set [OPTIONS] SERVICE FIELD=VALUE...

Set fields of a service's policy; they are in force on every node within a second

  docker mesh policy set orders balance.algorithm=random timeouts.request=2s
  docker mesh policy set orders --file policy.json

Options:
      --create        Also when no service of that name is known
  -f, --file string   Read fields from a JSON file, "-" for standard input
      --replace       Take away all fields that are not named
`,
  run: runSet,
};

async function runSet(args: readonly string[], context: CommandContext): Promise<void> {
  const { values, rest } = parseAllFlags(args, FLAGS);
  const [service, ...assignments] = rest;
  const file = values.get("file");
  if (service === undefined || (assignments.length === 0 && file === undefined)) {
    throw new UsageError(
      '"docker mesh policy set" requires a service, and at least one FIELD=VALUE or --file',
    );
  }
  const fields = new Map([
    ...(file === undefined ? [] : await readFields(file, context)),
    ...assignments.map(readAssignment),
  ]);
  const client = await PolicyClient.open(context);
  const create = values.get("create") === "true";
  const written =
    values.get("replace") === "true"
      ? await change(client, service, create, 1, () => fields)
      : await change(
          client,
          service,
          create,
          ATTEMPTS,
          ({ document }) => new Map([...Object.entries(document), ...fields]),
        );
  context.print(written);
}

function readAssignment(text: string): readonly [string, string] {
  const equals = text.indexOf("=");
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
  throw new UsageError(`invalid argument ${JSON.stringify(text)}: expected FIELD=VALUE`);
}

/**
 * Writes what becomes of the policy in force, looked at again when somebody else was faster. Gives the line that tells
 * what was done.
 */
export async function change(
  client: PolicyClient,
  service: string,
  create: boolean,
  attempts: number,
  become: (policy: ShownPolicy) => FileFields,
): Promise<string> {
  const policy = await client.policy(service, create);
  try {
    const written = await client.replace(policy.service, {
      ...{ expected: policy.version, document: Object.fromEntries(become(policy)), create },
    });
    return describeWritten(policy, written);
  } catch (error) {
    const isConflict = error instanceof MeshError && error.code === "POLICY_CONFLICT";
    if (!isConflict || attempts <= 1) throw error;
    return await change(client, service, create, attempts - 1, become);
  }
}

export function describeWritten(before: ShownPolicy, { service, version }: ShownPolicy): string {
  const unchanged = version === before.version ? ", as it was" : "";
  return `${service} version ${version}${unchanged}\n`;
}
