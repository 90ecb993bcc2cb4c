// `docker mesh policy history`.
import type { StoredPolicy } from "../../registry/policy-store.ts";
import type { Command, CommandContext } from "./command.ts";
import { FORMAT_FLAG, parseAllFlags, readFormat, UsageError } from "./flags.ts";
import { PolicyClient } from "./policy-client.ts";
import { renderTable } from "./table.ts";

export const policyHistory: Command = {
  help: `Usage:  docker mesh policy history [OPTIONS] SERVICE

List the versions of a service's policy that are kept, the newest, which is in force, first

Options:
      --format string   Format of the output: "table" or "json" (default "table")
`,
  run: runHistory,
};

async function runHistory(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, [FORMAT_FLAG]);
  const [service, ...others] = flags.rest;
  if (service === undefined || others.length > 0) {
    throw new UsageError('"docker mesh policy history" requires exactly one argument, a service');
  }
  const format = readFormat(flags);
  const client = await PolicyClient.open(context);
  const versions = await client.history(service);
  context.print(format === "json" ? `${JSON.stringify(versions)}\n` : renderHistory(versions));
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
