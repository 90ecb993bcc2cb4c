// Which Docker Engine the user means, and whether it answers. The mesh's agent mounts the engine's socket, so only
// engines on a unix socket of this machine will do.
import { request } from "node:http";
import { parseEngineHost } from "../../plugin/docker/engine-host.ts";
import { attempt, SetupError } from "../command.ts";

export const DEFAULT_SOCKET = "/var/run/docker.sock";
const ANSWER_MS = 5_000;
const OLDEST_API = [1, 41] as const;

/** An engine that answers. */
export interface Engine {
  readonly socket: string;
  readonly version: string;
}

/** The engine, or where one would be expected when none is there. */
export type Search = { readonly engine: Engine } | { readonly absentAt: string };

/** Asks DOCKER_HOST's engine, else the current context's, else the one at the default socket. */
export async function findEngine(): Promise<Search> {
  const asked = process.env["DOCKER_HOST"];
  const socket = socketOf(asked || (await currentContextHost()));
  const engine = await askEngine(socket);
  if (engine !== undefined) return { engine };
  if (asked || socket === DEFAULT_SOCKET) return { absentAt: socket };
  const usual = await askEngine(DEFAULT_SOCKET);
  return usual === undefined ? { absentAt: DEFAULT_SOCKET } : { engine: usual };
}

/** The engine at a socket; undefined when nobody listens there. Throws SetupError when it cannot be used. */
export async function askEngine(socket: string): Promise<Engine | undefined> {
  const answer = await get(socket, "/version");
  if (answer === undefined) return undefined;
  const { Version: version, ApiVersion: api } = JSON.parse(answer) as Record<string, unknown>;
  const [major = 0, minor = 0] = String(api).split(".").map(Number);
  if (major < OLDEST_API[0] || (major === OLDEST_API[0] && minor < OLDEST_API[1])) {
    throw new SetupError(
      `expected a Docker Engine 20.10 or newer at ${socket}, found ${String(version)} (API ${String(api)}); upgrade it`,
    );
  }
  return { socket, version: String(version) };
}

function socketOf(address: string): string {
  const host = parseEngineHost(address);
  if (host.kind === "unix") return host.path;
  throw new SetupError(
    `expected the engine on a unix socket of this machine, since the agent mounts it, but it is at ${address}; ` +
      "set DOCKER_HOST=unix:///path/to/docker.sock",
  );
}

async function currentContextHost(): Promise<string> {
  const { code, stdout } = await attempt("docker", [
    ...["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"],
  ]);
  return code === 0 && stdout.trim() !== "" ? stdout.trim() : `unix://${DEFAULT_SOCKET}`;
}

async function get(socketPath: string, path: string): Promise<string | undefined> {
  const done = Promise.withResolvers<string | undefined>();
  const outgoing = request({ socketPath, path, timeout: ANSWER_MS }, (response) => {
    let body = "";
    response.setEncoding("utf8").on("data", (text) => {
      body += text;
    });
    response.once("end", () => done.resolve(body));
    response.once("error", done.reject);
  });
  outgoing.once("timeout", () => {
    outgoing.destroy(
      new SetupError(`the engine at ${socketPath} accepts connections but gives no answer`),
    );
  });
  outgoing.once("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ECONNREFUSED") done.resolve(undefined);
    else done.reject(unusable(socketPath, error));
  });
  outgoing.end();
  return await done.promise;
}

function unusable(socket: string, error: NodeJS.ErrnoException): Error {
  if (error.code !== "EACCES" && error.code !== "EPERM") return error;
  return new SetupError(
    `expected to be allowed to use the engine at ${socket}, but permission is denied; ` +
      "join the group `docker`, or set DOCKER_HOST to an engine of your own",
  );
}
