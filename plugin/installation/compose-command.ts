// `docker compose` on the mesh's own project, with the compose file that is part of this program.
import { MESH_FILE } from "../../compose/mesh-file.ts";
import { MeshError } from "../../mesh/errors.ts";
import type { EngineFlags, Environment } from "../docker/engine-address.ts";
import { type DockerEnd, runDocker } from "./docker-command.ts";
import type { Variables } from "./present.ts";

/** `up --wait-timeout` is of this version. */
const OLDEST_COMPOSE = [2, 20] as const;

export interface ComposeParts {
  readonly engine: EngineFlags;
  readonly environment: Environment;
  readonly project: string;
  /** Gets what Compose says of its progress, a line each; undefined: it shows that itself. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** The compose file, where it is not the one that is part of this program. */
  readonly file?: string | undefined;
}

/** Throws CONFIGURATION_INVALID where Compose is missing or too old. */
export async function requireCompose(parts: ComposeParts, signal: AbortSignal): Promise<void> {
  const { engine, environment } = parts;
  const asked = ["compose", "version", "--short"];
  const quiet = { engine, environment: withoutCompose(environment), onLine: () => undefined };
  const { code, output } = await runDocker({ ...quiet, arguments: asked }, signal);
  const version = output.trim().replace(/^v/, "");
  if (code === 0 && isNewEnough(version)) return;
  const found = code === 0 && version !== "" ? version : "none";
  throw new MeshError(
    "CONFIGURATION_INVALID",
    `expected Docker Compose ${OLDEST_COMPOSE.join(".")} or newer as \`docker compose\`, found ${found}: install Docker's package docker-compose-plugin`,
  );
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_COMPOSE;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** Runs `docker compose …` with these values of the file's variables. */
export async function composeMesh(
  parts: ComposeParts,
  variables: Variables,
  args: readonly string[],
  signal: AbortSignal,
): Promise<DockerEnd> {
  const { engine, environment, project, onLine, file = MESH_FILE } = parts;
  // Nothing of the folder where somebody stands: neither its .env nor its name.
  const own = ["--project-directory", "/", "--env-file", "/dev/null", "--file", "-"];
  const progress = onLine === undefined ? [] : ["--progress", "plain"];
  return await runDocker(
    {
      ...{ engine, onLine, input: file },
      arguments: ["compose", ...progress, "--project-name", project, ...own, ...args],
      environment: { ...withoutCompose(environment), ...variables },
    },
    signal,
  );
}

/** What is said to Compose of somebody's own project, above all where Compose itself has started us, does not concern the mesh's. */
function withoutCompose(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith("COMPOSE_")),
  );
}
