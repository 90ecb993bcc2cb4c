// `docker mesh endpoints`: how each endpoint of a service is, as those who call it see it.
import { formatDuration } from "../../mesh/duration.ts";
import type { CallerReport } from "../policy/caller-reports.ts";
import type { Command, CommandContext } from "./command.ts";
import { FORMAT_FLAG, parseAllFlags, readFormat, UsageError } from "./flags.ts";
import { PolicyClient } from "./policy-client.ts";
import { renderTable } from "./table.ts";

export const endpoints: Command = {
  help: `Usage:  docker mesh endpoints [OPTIONS] SERVICE

Show the endpoints of a service as the sidecars of its callers on this node see them

Options:
      --format string   Format of the output: "table" or "json" (default "table")
`,
  run: runEndpoints,
};

async function runEndpoints(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, [FORMAT_FLAG]);
  const [service, ...others] = flags.rest;
  if (service === undefined || others.length > 0) {
    throw new UsageError('"docker mesh endpoints" requires exactly one argument, a service');
  }
  const format = readFormat(flags);
  const client = await PolicyClient.open(context);
  const reports = await client.endpoints(service);
  context.print(
    format === "json" ? `${JSON.stringify(reports)}\n` : renderEndpoints(reports, Date.now()),
  );
}

const COLUMNS = [
  "CALLER",
  "ENDPOINT",
  "PORT",
  "STATE",
  "SHARE",
  "LATENCY",
  "ACTIVE",
  "EJECTIONS",
  "SINCE",
  "REASON",
] as const;

/** `now` is wall clock, ms. */
export function renderEndpoints(reports: readonly CallerReport[], now: number): string {
  if (reports.length === 0) return "No caller on this node knows an endpoint.\n";
  return renderTable(
    COLUMNS,
    reports.map((report) => [
      report.caller,
      report.endpoint,
      String(report.port),
      report.state,
      `${Math.round(report.share)}%`,
      report.latency === 0 ? "-" : `${report.latency.toFixed(1)}ms`,
      String(report.active),
      String(report.ejections),
      report.since === 0 ? "-" : `${elapsed(now - report.since)} ago`,
      report.reason === "" ? "-" : report.reason,
    ]),
  );
}

/** In whole seconds. */
function elapsed(milliseconds: number): string {
  return formatDuration(Math.max(0, Math.floor(milliseconds / 1_000) * 1_000));
}
