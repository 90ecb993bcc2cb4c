// The process of the launcher: the one part of the mesh that holds the engine's socket. It listens on no network, knows nothing
// of services or certificates, and makes sidecars from one template for the agent that reaches its socket (docs/security.md).
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { describeError, MeshError } from "../mesh/errors.ts";
import { createLog, LOG_LEVELS } from "../mesh/log.ts";
import { DEFAULT_HOST, parseEngineHost } from "./docker/engine-host.ts";
import { readOwnId } from "./docker/own-container.ts";
import { EngineSocket } from "./launcher/engine-socket.ts";
import { mountedAt } from "./launcher/facts.ts";
import { Launcher } from "./launcher/launcher.ts";
import { createLauncherServer, serveLauncher } from "./launcher/serve-launcher.ts";
import { LAUNCHER_SOCKET, RUN_DIRECTORY, SIDECAR_SOCKET } from "./places.ts";

const stop = new AbortController();
for (const name of ["SIGTERM", "SIGINT"] as const)
  process.once(name, () => stop.abort(new Error(name)));

main(stop.signal).catch((error: unknown) => {
  createLog("error").error(describeError(error));
  process.exitCode = 1;
});

async function main(signal: AbortSignal): Promise<void> {
  const { DOCKER_HOST: host, MESH_LAUNCHER_SOCKET: path, MESH_LOG_LEVEL: level } = process.env;
  const log = createLog(LOG_LEVELS.find((known) => known === level) ?? "info");
  const socket = path || LAUNCHER_SOCKET;
  const engine = new EngineSocket(engineSocket(host || DEFAULT_HOST));
  const socketSource = once(() => ownSocketSource(engine, dirname(socket)));
  const launcher = new Launcher({
    ...{ engine, socketSource, log },
    ...{ runDirectory: RUN_DIRECTORY, sidecarSocket: SIDECAR_SOCKET },
  });
  const { closed } = await serveLauncher(createLauncherServer(launcher), socket, signal);
  log.info("launcher started", { socket });
  await closed;
  engine.close();
  log.info("launcher stopped");
}

/** Throws CONFIGURATION_INVALID for an engine that is reached over a network: the launcher has none. */
function engineSocket(host: string): string {
  const parsed = parseEngineHost(host);
  if (parsed.kind === "unix") return parsed.path;
  const message = `expected DOCKER_HOST of the launcher to be unix:///path, got ${JSON.stringify(host)}: an agent that reaches its engine over a network needs no launcher (docs/security.md)`;
  throw new MeshError("CONFIGURATION_INVALID", message);
}

/** Which agents are this launcher's says the volume that its socket is in. */
async function ownSocketSource(engine: EngineSocket, directory: string): Promise<string> {
  const id = readOwnId(await readFile("/proc/self/mountinfo", "utf8"));
  const source = id && (await mountedAt(engine, id, directory));
  if (source) return source;
  const message = `expected the launcher to run in a container with a volume mounted at ${directory}: start it with compose/mesh.yaml`;
  throw new MeshError("CONFIGURATION_INVALID", message);
}

/** What has worked once is kept. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let known: Promise<T> | undefined;
  return async () => {
    known ??= work();
    try {
      return await known;
    } catch (error) {
      known = undefined;
      throw error;
    }
  };
}
