// `docker mesh tap`: requests as they pass the sidecars of the engine's node, until interrupted.
import { MESH_WIDE } from "../../mesh/policy/document.ts";
import { writeFilter } from "../tap/read-filter.ts";
import type { TapEvent, TappedRequest } from "../tap/tap-event.ts";
import { parseObject } from "./api-call.ts";
import { chooseEngine } from "./ask-agent.ts";
import type { Command, CommandContext } from "./command.ts";
import { type Flag, FORMAT_FLAG, type ParsedFlags, parseAllFlags, UsageError } from "./flags.ts";
import { jsonLine } from "./json-line.ts";
import { describeFields, FORMAT_HELP, type Listing, type Output, readOutput } from "./listing.ts";
import { misunderstood } from "./read-answer.ts";
import { TapTable } from "./render-tap.ts";
import { streamAgent } from "./stream-agent.ts";

const FLAGS: readonly Flag[] = [
  FORMAT_FLAG,
  { name: "count", short: "n", kind: "text" },
  { name: "from", kind: "text" },
  { name: "method", kind: "text" },
  { name: "path", kind: "text" },
  { name: "status", kind: "text" },
  { name: "failed", kind: "switch" },
  { name: "both-ends", kind: "switch" },
];

export const REQUESTS: Listing<TappedRequest> = {
  columns: [
    {
      ...{ field: "Time", header: "TIME" },
      value: ({ startedAt }) => new Date(startedAt).toISOString(),
    },
    { field: "Source", header: "SOURCE", value: ({ source }) => source },
    { field: "Destination", header: "DESTINATION", value: ({ destination }) => destination },
    { field: "Container", header: "CONTAINER", value: ({ container }) => container },
    { field: "Method", header: "METHOD", value: ({ method }) => method },
    { field: "Path", header: "PATH", value: ({ path }) => path },
    { field: "Status", header: "STATUS", value: ({ status }) => status },
    { field: "Latency", header: "LATENCY", value: ({ milliseconds }) => milliseconds },
    { field: "Failure", header: "FAILURE", value: ({ failure = "" }) => failure },
    { field: "Reason", header: "REASON", value: ({ reason = "" }) => reason },
    { field: "Tries", header: "TRIES", value: ({ tries }) => tries.length + 1 },
  ],
};

export const tap: Command = {
  help: `Usage:  docker mesh tap [OPTIONS] [SERVICE]

Show the requests to a service as they pass the sidecars of this node, each once, until interrupted

Without a service the requests to all of them are shown. What neither caller nor callee has on this
node is not seen; byte streams (mesh.protocol: tcp) have no requests.

Options:
      --both-ends       Show what the sidecar of the caller and that of the callee saw, each on a line
  -n, --count int       End after so many requests
      --failed          Only what failed: 5xx, the like of gRPC, and what the mesh itself answered
      ${FORMAT_HELP}
      --from string     Only requests of this service; "outside" for callers without identity
      --method string   Only requests of this method
      --path string     Only requests whose path begins so
      --status string   Only answers of this status, or of a class such as "5xx"
${describeFields(REQUESTS)}`,
  run: runTap,
};

async function runTap(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, FLAGS);
  if (flags.rest.length > 1)
    throw new UsageError('"docker mesh tap" requires at most one argument, a service');
  const show = printerOf(flags, context);
  const most = readCount(flags);
  const bothEnds = flags.values.get("both-ends") === "true";
  const engine = await chooseEngine(context);
  let count = 0;
  for await (const line of streamAgent(engine, pathOf(flags), context.signal)) {
    const event = readEvent(line);
    const isRequest = "reporter" in event;
    if (isRequest && event.repeated && !bothEnds) continue;
    show(event);
    if (isRequest) count += 1;
    if (count >= most) return;
  }
}

function pathOf({ values, rest }: ParsedFlags): string {
  const query = writeFilter({
    service: rest[0] ?? MESH_WIDE,
    source: values.get("from"),
    method: values.get("method"),
    pathPrefix: values.get("path"),
    status: values.get("status"),
    failed: values.get("failed") === "true",
  });
  return `/v1/tap?${query}`;
}

function readCount({ values }: ParsedFlags): number {
  const text = values.get("count");
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(
    `invalid argument ${JSON.stringify(text)} for --count: expected a number from 1 on`,
  );
}

function printerOf(flags: ParsedFlags, context: CommandContext): (event: TapEvent) => void {
  const output = readOutput(flags, REQUESTS);
  if (output.kind === "json") return (event) => context.print(jsonLine(event));
  if (output.kind === "template") return templatePrinter(output, context);
  const isPlain = Boolean(context.environment["NO_COLOR"]) || !context.isTerminal;
  const tellers = flags.values.get("both-ends") === "true";
  const table = new TapTable({ colours: !isPlain, tellers });
  return (event) => context.print(table.add(event));
}

function templatePrinter(
  output: Output<TappedRequest>,
  context: CommandContext,
): (event: TapEvent) => void {
  let follows = false;
  return (event) => {
    // That some were not shown is told by the other formats.
    if (!("reporter" in event)) return;
    context.print(output.render([event], follows));
    follows = true;
  };
}

/** Command and agent may be of different versions. Throws AGENT_UNAVAILABLE. */
function readEvent(line: string): TapEvent {
  const event = parseObject<Extract<TapEvent, { reporter: unknown }> & { dropped: number }>(line);
  if (typeof event?.dropped === "number") return { dropped: event.dropped };
  const { startedAt, milliseconds, status, tries } = event ?? {};
  const { source, destination, method, path } = event ?? {};
  const isRequest =
    [startedAt, milliseconds, status].every((number) => typeof number === "number") &&
    [source, destination, method, path].every((text) => typeof text === "string") &&
    typeof event?.reporter === "string" &&
    Array.isArray(tries);
  if (isRequest) return event as TapEvent;
  throw misunderstood();
}
