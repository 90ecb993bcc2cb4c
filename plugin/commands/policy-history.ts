// `docker mesh policy history`.
import type { StoredPolicy } from "../../registry/policy-store.ts";
import type { Command, CommandContext } from "./command.ts";
import { FORMAT_FLAG, parseAllFlags, UsageError } from "./flags.ts";
import { describeFields, FORMAT_HELP, type Listing, readOutput, renderOwn } from "./listing.ts";
import { PolicyClient } from "./policy-client.ts";
import { renderTable } from "./table.ts";

export const VERSIONS_KEPT: Listing<StoredPolicy> = {
  columns: [
    { field: "Version", header: "VERSION", value: ({ version }) => version },
    { field: "Written", header: "WRITTEN", value: ({ writtenAt }) => formatTime(writtenAt) },
    { field: "Fields", header: "FIELDS", value: ({ document }) => document },
    { field: "Note", header: "NOTE", value: ({ note }) => note },
  ],
};

export const policyHistory: Command = {
  help: `Usage:  docker mesh policy history [OPTIONS] SERVICE

List the versions of a service's policy that are kept, the newest, which is in force, first

Options:
      ${FORMAT_HELP}
${describeFields(VERSIONS_KEPT)}`,
  run: runHistory,
};

async function runHistory(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, [FORMAT_FLAG]);
  const [service, ...others] = flags.rest;
  if (service === undefined || others.length > 0) {
    throw new UsageError('"docker mesh policy history" requires exactly one argument, a service');
  }
  const output = readOutput(flags, VERSIONS_KEPT);
  const client = await PolicyClient.open(context);
  const versions = await client.history(service);
  context.print(
    renderOwn(output, versions, { json: versions, table: () => renderHistory(versions) }),
  );
}

export function renderHistory(versions: readonly StoredPolicy[]): string {
  if (versions.length === 0) return "No versions.\n";
  return renderTable(
    ["VERSION", "WRITTEN", "FIELDS", "NOTE"],
    versions.map(({ version, writtenAt, document, note }) => [
      String(version),
      formatTime(writtenAt),
      String(Object.keys(document).length),
      note,
    ]),
  );
}

/** To the second, in UTC. The catalog may hold any number. */
function formatTime(wall: number): string {
  const date = new Date(wall);
  return Number.isNaN(date.getTime()) ? "-" : date.toISOString().replace(/\.\d+Z$/, "Z");
}
