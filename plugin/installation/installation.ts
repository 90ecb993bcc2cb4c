// The mesh of one machine on an engine, as `docker mesh up` installs it: where it is, and what is said to it.
import { dirname, posix } from "node:path";
import { MeshError } from "../../mesh/errors.ts";
import { type AskedEngine, chooseEngine, inTime } from "../commands/ask-agent.ts";
import type { CommandContext } from "../commands/command.ts";
import { Engine } from "../docker/engine.ts";
import type { EngineFlags, Environment } from "../docker/engine-address.ts";
import { lookAtPresent, type Present, type PresentAgent, type Variables } from "./present.ts";

export interface Installation {
  readonly asked: AskedEngine;
  /** Those that lead to that engine. */
  readonly engine: EngineFlags;
  readonly environment: Environment;
  /** The Compose project of the mesh itself. */
  readonly project: string;
  /** Gets what happens, a line each; undefined: Compose shows its progress itself. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** The installation that a command is about. Throws as `chooseEngine` and `projectName` do. */
export async function chooseInstallation(
  context: CommandContext,
  onLine?: (line: string) => void,
): Promise<Installation> {
  const { engine, environment } = context;
  const asked = await chooseEngine(context);
  return { asked, engine, environment, project: projectName(environment), onLine };
}

/** The name of the project, from MESH_PROJECT_NAME. Throws CONFIGURATION_INVALID for what Compose would not take. */
export function projectName(environment: Environment): string {
  const name = environment["MESH_PROJECT_NAME"] || "mesh";
  if (/^[a-z0-9][a-z0-9_-]*$/.test(name)) return name;
  throw new MeshError(
    "CONFIGURATION_INVALID",
    `MESH_PROJECT_NAME: expected lower-case letters, digits, "-" and "_", got ${JSON.stringify(name)}`,
  );
}

/** Throws ENGINE_UNAVAILABLE, ENGINE_REFUSED, ENGINE_TOO_OLD, TIMEOUT, and CONFIGURATION_INVALID as `lookAtPresent` does. */
export async function look(
  { asked, project }: Installation,
  signal: AbortSignal,
): Promise<Present> {
  return await inTime(asked, signal, async (limited) => {
    const present = await lookAtPresent(asked.docker, project, limited);
    await new Engine(asked.docker).version(limited);
    return present;
  });
}

/** Throws CONFIGURATION_INVALID where somebody else's agent is on the engine, saying how to be rid of it. */
export function refuseOtherAgents(agents: readonly PresentAgent[], project: string): void {
  const other = agents.find((agent) => agent.project !== project);
  if (other === undefined) return;
  const { container, stack, project: theirs } = other;
  const cure =
    stack === undefined
      ? theirs === undefined
        ? `\`docker rm --force ${container}\` removes it`
        : `MESH_PROJECT_NAME=${theirs} says that this one is meant`
      : `\`docker mesh down --swarm\` on a manager removes it from the whole swarm`;
  const whose = stack === undefined ? (theirs ?? "nobody") : `the stack ${stack}`;
  throw new MeshError(
    "CONFIGURATION_INVALID",
    `expected no other mesh on this engine, found the agent ${container} of ${whose}: ${cure}`,
  );
}

const USUAL_SOCKET = "/var/run/docker.sock";

/** Where the agent finds its engine: the socket as the engine's own machine has it. */
export async function socketVariables(
  { docker, shown }: AskedEngine,
  signal: AbortSignal,
): Promise<Variables> {
  // The library takes options here, which its types do not say.
  const asked = docker as unknown as {
    info(options: object): Promise<{ readonly OperatingSystem?: string }>;
  };
  const { OperatingSystem: system = "" } = await asked.info({ abortSignal: signal });
  // Docker Desktop runs its engine in a machine of its own, as every remote engine is.
  const isLocal = shown.startsWith("unix://") && !system.startsWith("Docker Desktop");
  const socket = isLocal ? shown.slice("unix://".length) : USUAL_SOCKET;
  return {
    MESH_DOCKER_SOCKET_DIRECTORY: dirname(socket),
    MESH_DOCKER_SOCKET_NAME: posix.basename(socket),
  };
}

/** The variables that a user has set. */
export function ownVariables(environment: Environment): Variables {
  const own = Object.entries(environment).filter(
    (entry): entry is [string, string] =>
      /^(?:MESH|OTEL_EXPORTER_OTLP)_/.test(entry[0]) && entry[1] !== undefined,
  );
  return Object.fromEntries(own);
}
