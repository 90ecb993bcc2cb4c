// `docker mesh dashboard`: where the console is, and the tokens that open it. Whoever may use the engine may know them.
import { MeshError } from "../../mesh/errors.ts";
import { ACCESS_PATH, type ConsoleAccess } from "../console/access.ts";
import { OWN_LABELS } from "../docker/container-facts.ts";
import { parseObject } from "./api-call.ts";
import { type AskedEngine, callAgent, chooseEngine } from "./ask-agent.ts";
import type { Command, CommandContext } from "./command.ts";
import { FORMAT_FLAG, parseFlags, UsageError } from "./flags.ts";
import { describeFields, FORMAT_HELP, type Listing, readOutput, renderOwn } from "./listing.ts";

export const DASHBOARD: Listing<Dashboard> = {
  columns: [
    { field: "Addresses", header: "ADDRESSES", value: ({ addresses }) => addresses },
    { field: "Port", header: "PORT", value: ({ access }) => access.port },
    { field: "Admin", header: "ADMIN TOKEN", value: ({ access }) => access.admin },
    { field: "Viewer", header: "VIEWER TOKEN", value: ({ access }) => access.viewer },
  ],
};

export const dashboard: Command = {
  help: `Usage:  docker mesh dashboard [OPTIONS]

Show where the console of this node is, and the tokens to log in with

Options:
      ${FORMAT_HELP}
${describeFields(DASHBOARD)}`,
  run: runDashboard,
};

/** What the command shows. */
export interface Dashboard {
  /** Where a browser finds it, on the machine of the engine; empty when no port leads there. */
  readonly addresses: readonly string[];
  readonly access: ConsoleAccess;
}

async function runDashboard(args: readonly string[], context: CommandContext): Promise<void> {
  const flags = parseFlags(args, [FORMAT_FLAG]);
  if (flags.rest.length > 0) throw new UsageError('"docker mesh dashboard" accepts no arguments');
  const output = readOutput(flags, DASHBOARD);
  const engine = await chooseEngine(context);
  const access = await askForAccess(engine, context.signal);
  const shown = { addresses: await addressesOf(engine, access, context.signal), access };
  context.print(
    renderOwn(output, [shown], { json: shown, table: () => renderDashboard(shown, engine.shown) }),
  );
}

async function askForAccess(engine: AskedEngine, signal: AbortSignal): Promise<ConsoleAccess> {
  const { status, body } = await callAgent(engine, { method: "GET", path: ACCESS_PATH }, signal);
  const access = parseObject<ConsoleAccess>(body);
  if (status === 200 && typeof access?.port === "number") return access as ConsoleAccess;
  throw new MeshError(
    "AGENT_UNAVAILABLE",
    "the agent has no console: set MESH_CONSOLE_LISTEN (docs/console.md), or install agent and command of one version",
  );
}

async function addressesOf(
  { docker }: AskedEngine,
  { port, isSecure }: ConsoleAccess,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const [agent] = await docker.listContainers({
    filters: { label: [`${OWN_LABELS.role}=agent`], status: ["running"] },
    abortSignal: signal,
  });
  const published = (agent?.Ports ?? []).filter(
    ({ PrivatePort, PublicPort }) => PrivatePort === port && PublicPort !== undefined,
  );
  const scheme = isSecure ? "https" : "http";
  const addresses = published.map(
    ({ IP, PublicPort }) => `${scheme}://${hostOf(IP)}:${PublicPort}/`,
  );
  return [...new Set(addresses)].sort();
}

/** A name for an address that ports are published on. */
function hostOf(address: string): string {
  if (address === "" || address === "0.0.0.0" || address === "::") return "localhost";
  return address.includes(":") ? `[${address}]` : address;
}

/** `engine`: its address for people. */
export function renderDashboard({ addresses, access }: Dashboard, engine: string): string {
  const { port, admin, viewer } = access;
  const isLocal = engine.startsWith("unix:");
  const where = isLocal ? "" : ` (on the machine of ${engine})`;
  const notPublished = `on port ${port} of the agent's container, which is not published`;
  const places = addresses.length === 0 ? [notPublished] : addresses;
  return [
    ...places.map((place) => `Console:       ${place}${where}`),
    `Admin token:   ${admin}`,
    `Viewer token:  ${viewer}`,
    "",
  ].join("\n");
}
