// `docker mesh policy diff`.
import { diffDocuments, type FieldChange } from "../../mesh/policy/diff.ts";
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import { escapeControls } from "../../mesh/printable.ts";
import type { StoredPolicy } from "../../registry/policy-store.ts";
import type { Command, CommandContext } from "./command.ts";
import { type Flag, parseAllFlags, UsageError } from "./flags.ts";
import { PolicyClient } from "./policy-client.ts";
import { readFields, toDocument } from "./policy-file.ts";
import { Refused } from "./refused.ts";

const FLAGS: readonly Flag[] = [{ name: "file", short: "f", kind: "text" }];

export const policyDiff: Command = {
  help: `Usage:  docker mesh policy diff [OPTIONS] SERVICE [VERSION [VERSION]]

Compare a version of a service's policy with the one in force or with another version, or the one in force with a file;
without either, show what the last write changed

  docker mesh policy diff orders 3
  docker mesh policy diff orders --file policy.json

Options:
  -f, --file string   Compare with a JSON file, "-" for standard input
`,
  run: runDiff,
};

async function runDiff(args: readonly string[], context: CommandContext): Promise<void> {
  const { values, rest } = parseAllFlags(args, FLAGS);
  const [service, ...versions] = rest;
  const file = values.get("file");
  if (service === undefined || versions.length > (file === undefined ? 2 : 0)) {
    throw new UsageError(
      '"docker mesh policy diff" requires a service, and either at most two versions or --file',
    );
  }
  const numbers = versions.map(readVersion);
  const client = await PolicyClient.open(context);
  const [before, after] =
    file === undefined
      ? await findVersions(client, service, numbers)
      : [
          (await client.policy(service, true)).document,
          toDocument(await readFields(file, context)),
        ];
  context.print(renderDiff(diffDocuments(before, after)));
}

export function readVersion(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new UsageError(
    `invalid argument ${JSON.stringify(text)}: expected the number of a version`,
  );
}

async function findVersions(
  client: PolicyClient,
  service: string,
  numbers: readonly number[],
): Promise<readonly [PolicyDocument, PolicyDocument]> {
  const kept = await client.history(service);
  const [before, after] = numbers.map((number) => findVersion(kept, service, number));
  const [newest, last] = kept;
  return [before ?? last?.document ?? {}, after ?? newest?.document ?? {}];
}

function findVersion(
  kept: readonly StoredPolicy[],
  service: string,
  number: number,
): PolicyDocument {
  const found = kept.find(({ version }) => version === number);
  if (found !== undefined) return found.document;
  const versions = kept.map(({ version }) => version).join(", ") || "none";
  throw new Refused("POLICY_INVALID", [
    `version ${number} of the policy of ${service} is not kept; these are: ${versions}`,
  ]);
}

export function renderDiff(changes: readonly FieldChange[]): string {
  if (changes.length === 0) return "No difference.\n";
  return changes
    .flatMap(({ field, before, after }) => [
      ...(before === undefined ? [] : [`- ${field}=${before}`]),
      ...(after === undefined ? [] : [`+ ${field}=${after}`]),
    ])
    .map((line) => `${escapeControls(line)}\n`)
    .join("");
}
