// `docker mesh services`: the services of the mesh, over all nodes, and how much they are called as this node sees it.

import { type EdgesTold, TRAFFIC_PATH } from "../console/access.ts";
import type { EdgeView } from "../console/view.ts";
import type { ServiceStatus } from "../status.ts";
import { type AskedEngine, askAgent, callAgent, chooseEngine } from "./ask-agent.ts";
import type { Command, CommandContext } from "./command.ts";
import { FORMAT_FLAG, parseAllFlags, UsageError } from "./flags.ts";
import { describeFields, FORMAT_HELP, type Listing, QUIET_FLAG, readOutput } from "./listing.ts";
import { readBody } from "./read-answer.ts";
import { readStatus } from "./read-status.ts";

/** A service, and how it is called. */
export interface ServiceRow {
  readonly status: ServiceStatus;
  /** Undefined where nobody watches the traffic: the console does. */
  readonly traffic: Traffic | undefined;
}

export interface Traffic {
  readonly requestsPerSecond: number;
  /** Percent of requests. */
  readonly errors: number;
}

export const SERVICES: Listing<ServiceRow> = {
  quiet: "Name",
  columns: [
    { field: "Name", header: "NAME", value: ({ status }) => status.service },
    { field: "Protocol", header: "PROTOCOL", value: ({ status }) => status.protocol },
    { field: "Ports", header: "PORTS", value: ({ status }) => status.ports },
    {
      ...{ field: "Endpoints", header: "ENDPOINTS" },
      value: ({ status }) => `${status.passing}/${status.instances}`,
    },
    {
      ...{ field: "Policy", header: "POLICY" },
      // An agent of an earlier version does not say.
      value: ({ status: { policyVersion = 0 } }) => policyVersion,
      cell: ({ status: { policyVersion } }) =>
        policyVersion > 0 ? `version ${policyVersion}` : "",
    },
    {
      ...{ field: "Requests", header: "REQUESTS/S" },
      value: ({ traffic }) => (traffic === undefined ? null : rounded(traffic.requestsPerSecond)),
    },
    {
      ...{ field: "Errors", header: "ERRORS" },
      value: ({ traffic }) => (traffic === undefined ? null : rounded(traffic.errors)),
      cell: ({ traffic }) => (traffic === undefined ? "" : `${rounded(traffic.errors)}%`),
    },
    { field: "Healthy", header: "HEALTHY", value: ({ status }) => status.passing, isExtra: true },
    {
      ...{ field: "Instances", header: "INSTANCES", isExtra: true },
      value: ({ status }) => status.instances,
    },
  ],
};

function rounded(number: number): number {
  return Math.round(number * 100) / 100;
}

/** `edges`: undefined where nobody watches the traffic. */
export function serviceRows(
  services: readonly ServiceStatus[],
  edges: readonly EdgeView[] | undefined,
): readonly ServiceRow[] {
  const edgesTo = Map.groupBy(edges ?? [], ({ destination }) => destination);
  return services.map((status) => {
    const own = edgesTo.get(status.service) ?? [];
    return { status, traffic: edges === undefined ? undefined : sum(own) };
  });
}

function sum(edges: readonly EdgeView[]): Traffic {
  const total = (amount: (edge: EdgeView) => number): number =>
    edges.reduce((before, edge) => before + amount(edge), 0);
  const requests = total(({ requestsPerSecond }) => requestsPerSecond);
  const failed = total(({ requestsPerSecond, errorShare }) => requestsPerSecond * errorShare);
  return { requestsPerSecond: requests, errors: requests === 0 ? 0 : (100 * failed) / requests };
}

export const services: Command = {
  help: `Usage:  docker mesh services [OPTIONS]

List the services of the mesh with their endpoints, healthy ones before the stroke, and the version of their policy.
Requests and errors are those of the last half minute that the sidecars of this node saw; the agent watches them where
it has a console

Options:
      ${FORMAT_HELP}
  -q, --quiet           Show names alone
${describeFields(SERVICES)}`,
  run: runServices,
};

async function runServices(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseAllFlags(args, [FORMAT_FLAG, QUIET_FLAG]);
  if (flags.rest.length > 0) throw new UsageError('"docker mesh services" accepts no arguments');
  const output = readOutput(flags, SERVICES);
  const engine = await chooseEngine(context);
  const [answer, edges] = await Promise.all([
    askAgent(engine, "/v1/status", context.signal),
    askForEdges(engine, context.signal),
  ]);
  context.print(output.render(serviceRows(readStatus(answer).services, edges)));
}

/** Undefined where the agent has no console, or is of an earlier version. */
async function askForEdges(
  engine: AskedEngine,
  signal: AbortSignal,
): Promise<readonly EdgeView[] | undefined> {
  const answer = await callAgent(engine, { method: "GET", path: TRAFFIC_PATH }, signal);
  if (answer.status === 404) return undefined;
  const isTold = ({ edges }: Partial<EdgesTold>): boolean => Array.isArray(edges);
  return readBody<EdgesTold>(answer, isTold).edges;
}
