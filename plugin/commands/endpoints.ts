// `docker mesh endpoints`: how each endpoint of a service is, as those who call it see it.
import { formatDuration } from "../../mesh/duration.ts";
import type { CallerReport } from "../policy/caller-reports.ts";
import type { Command, CommandContext } from "./command.ts";
import { FORMAT_FLAG, parseAllFlags, UsageError } from "./flags.ts";
import { describeFields, FORMAT_HELP, type Listing, readOutput, renderOwn } from "./listing.ts";
import { PolicyClient } from "./policy-client.ts";
import { renderTable } from "./table.ts";

export const ENDPOINTS: Listing<CallerReport> = {
  columns: [
    { field: "Caller", header: "CALLER", value: ({ caller }) => caller },
    { field: "CallerService", header: "CALLER SERVICE", value: (report) => report.callerService },
    { field: "Endpoint", header: "ENDPOINT", value: ({ endpoint }) => endpoint },
    { field: "Port", header: "PORT", value: ({ port }) => port },
    { field: "State", header: "STATE", value: ({ state }) => state },
    { field: "Share", header: "SHARE", value: ({ share }) => Math.round(share) },
    { field: "Latency", header: "LATENCY", value: ({ latency }) => latency },
    { field: "Active", header: "ACTIVE", value: ({ active }) => active },
    { field: "Ejections", header: "EJECTIONS", value: ({ ejections }) => ejections },
    { field: "Reason", header: "REASON", value: ({ reason }) => reason },
  ],
};

export const endpoints: Command = {
  help: `Usage:  docker mesh endpoints [OPTIONS] SERVICE

Show the endpoints of a service as the sidecars of its callers on this node see them

Options:
      ${FORMAT_HELP}
${describeFields(ENDPOINTS)}`,
  run: runEndpoints,
};

async function runEndpoints(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, [FORMAT_FLAG]);
  const [service, ...others] = flags.rest;
  if (service === undefined || others.length > 0) {
    throw new UsageError('"docker mesh endpoints" requires exactly one argument, a service');
  }
  const output = readOutput(flags, ENDPOINTS);
  const client = await PolicyClient.open(context);
  const reports = await client.endpoints(service);
  context.print(
    renderOwn(output, reports, {
      json: reports,
      table: () => renderEndpoints(reports, Date.now()),
    }),
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
