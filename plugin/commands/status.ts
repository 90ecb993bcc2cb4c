// `docker mesh status`: asks the agent of the engine's node. Templates are for its workloads, a row each.
import type { WorkloadStatus } from "../status.ts";
import { askAgent, chooseEngine } from "./ask-agent.ts";
import type { Command, CommandContext } from "./command.ts";
import { FORMAT_FLAG, parseFlags, UsageError } from "./flags.ts";
import { describeFields, FORMAT_HELP, type Listing, readOutput, renderOwn } from "./listing.ts";
import { readStatus } from "./read-status.ts";
import { renderStatus } from "./render-status.ts";

export const WORKLOADS: Listing<WorkloadStatus> = {
  columns: [
    { field: "Service", header: "SERVICE", value: ({ service }) => service },
    { field: "Container", header: "CONTAINER", value: ({ container }) => container },
    { field: "ID", header: "CONTAINER ID", value: ({ containerId }) => containerId },
    { field: "Version", header: "VERSION", value: ({ version }) => version ?? "" },
    { field: "Health", header: "HEALTH", value: ({ health }) => health },
    { field: "Sidecar", header: "SIDECAR", value: ({ sidecar }) => sidecar },
    { field: "MTLS", header: "MTLS", value: ({ mtls }) => mtls },
    { field: "Intercept", header: "INTERCEPT", value: ({ intercept }) => intercept },
    { field: "Egress", header: "EGRESS", value: ({ egress }) => egress },
    { field: "Identity", header: "IDENTITY", value: ({ identity }) => identity ?? "" },
    {
      ...{ field: "Inbound", header: "INBOUND" },
      value: ({ requests }) => requests.inboundTls + requests.inboundPlaintext,
    },
    {
      ...{ field: "Plaintext", header: "PLAINTEXT" },
      value: ({ requests }) => requests.inboundPlaintext,
    },
    { field: "Outbound", header: "OUTBOUND", value: ({ requests }) => requests.outbound },
    { field: "Failed", header: "FAILED", value: ({ requests }) => requests.outboundFailed },
  ],
};

export const status: Command = {
  help: `Usage:  docker mesh status [OPTIONS]

Show services, workloads, sidecars and problems of this node. A template is for its workloads, "json" has everything

Options:
      ${FORMAT_HELP}
${describeFields(WORKLOADS)}`,
  run: runStatus,
};

async function runStatus(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseFlags(args, [FORMAT_FLAG]);
  if (flags.rest.length > 0) throw new UsageError('"docker mesh status" accepts no arguments');
  const output = readOutput(flags, WORKLOADS);
  const engine = await chooseEngine(context);
  const answer = readStatus(await askAgent(engine, "/v1/status", context.signal));
  context.print(
    renderOwn(output, answer.workloads, {
      json: answer,
      table: () => renderStatus(answer, Date.now()),
    }),
  );
}
