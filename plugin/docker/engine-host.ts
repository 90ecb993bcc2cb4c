// Addresses of engines as users write them in `docker -H`, DOCKER_HOST and contexts: parsed and printed here.
import { MeshError } from "../../mesh/errors.ts";

/** Where an engine listens. */
export type EngineHost =
  | { readonly kind: "unix"; readonly path: string }
  /** `port` is undefined where none was written: 2376 with TLS, 2375 without. */
  | { readonly kind: "tcp"; readonly host: string; readonly port: number | undefined }
  | {
      readonly kind: "ssh";
      readonly user: string | undefined;
      readonly host: string;
      readonly port: number | undefined;
    };

export const DEFAULT_HOST = "unix:///var/run/docker.sock";

/** Throws CONFIGURATION_INVALID for what is no address, and for transports that exist on Windows only. */
export function parseEngineHost(text: string): EngineHost {
  if (text.startsWith("unix://")) return parseUnix(text);
  // Docker takes host:port without a scheme as TCP.
  const url = URL.parse(text.includes("://") ? text : `tcp://${text}`);
  const plain = url !== null && url.hostname !== "" && ["", "/"].includes(url.pathname);
  if (url === null || !plain || url.search !== "" || url.hash !== "" || url.password !== "") {
    throw invalid(text);
  }
  // URL keeps the brackets of an IPv6 address, sockets want none.
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? undefined : Number(url.port);
  if (url.protocol === "tcp:" && url.username === "") return { kind: "tcp", host, port };
  if (url.protocol === "ssh:") {
    const user = url.username === "" ? undefined : decodeURIComponent(url.username);
    return { kind: "ssh", user, host, port };
  }
  throw invalid(text);
}

/** The address for people, in the notation that {@link parseEngineHost} reads. */
export function printEngineHost(engine: EngineHost): string {
  if (engine.kind === "unix") return `unix://${engine.path}`;
  const host = engine.host.includes(":") ? `[${engine.host}]` : engine.host;
  const port = engine.port === undefined ? "" : `:${engine.port}`;
  const user = engine.kind === "tcp" || engine.user === undefined ? "" : `${engine.user}@`;
  return `${engine.kind}://${user}${host}${port}`;
}

function parseUnix(text: string): EngineHost {
  const path = text.slice("unix://".length);
  if (path === "") return parseUnix(DEFAULT_HOST);
  if (!path.startsWith("/")) throw invalid(text);
  return { kind: "unix", path };
}

function invalid(text: string): MeshError {
  return new MeshError(
    "CONFIGURATION_INVALID",
    `expected the engine's address as unix:///path, tcp://host:port or ssh://user@host, got ${JSON.stringify(text)}`,
  );
}
