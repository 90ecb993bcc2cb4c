// Which engine a user means: the rules of the `docker` command for -H, DOCKER_HOST, contexts and TLS files, which the
// client library does not know. Reads the environment and Docker's configuration directory; opens no connection.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { MeshError } from "../../mesh/errors.ts";
import { DEFAULT_HOST, type EngineHost, parseEngineHost } from "./engine-host.ts";

/** Docker's global flags as far as they choose an engine; undefined where not given. */
export interface EngineFlags {
  readonly host: string | undefined;
  readonly context: string | undefined;
  /** Docker's configuration directory. */
  readonly config: string | undefined;
  readonly tls: boolean | undefined;
  readonly tlsVerify: boolean | undefined;
  readonly tlsCaCertificate: string | undefined;
  readonly tlsCertificate: string | undefined;
  readonly tlsKey: string | undefined;
}

/** PEM texts for a connection over TLS, each undefined where there is none. */
export interface EngineTls {
  readonly verify: boolean;
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

export interface EngineAddress {
  readonly host: EngineHost;
  /** Undefined: no TLS. Only TCP uses it. */
  readonly tls: EngineTls | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The engine that `docker` with these flags would talk to. Order: --context or -H, DOCKER_HOST, DOCKER_CONTEXT, the
 * current context, the local socket. Throws CONFIGURATION_INVALID when what is named does not exist or cannot be read.
 */
export async function resolveEngineAddress(
  flags: EngineFlags,
  environment: Environment,
): Promise<EngineAddress> {
  if (flags.host !== undefined && flags.context !== undefined) {
    throw invalid("expected either --host or --context, got both");
  }
  const directory = flags.config ?? set(environment["DOCKER_CONFIG"]) ?? join(homedir(), ".docker");
  const host =
    flags.host ?? (flags.context === undefined ? set(environment["DOCKER_HOST"]) : undefined);
  const context =
    host === undefined ? await chooseContext(flags, environment, directory) : "default";
  if (context !== "default") return await readContext(context, directory);
  const tls = await readTls(flags, environment, directory);
  return { host: parseEngineHost(host ?? DEFAULT_HOST), tls };
}

async function chooseContext(
  flags: EngineFlags,
  environment: Environment,
  directory: string,
): Promise<string> {
  const named = flags.context ?? set(environment["DOCKER_CONTEXT"]);
  if (named !== undefined) return named;
  const configuration = await readJson(join(directory, "config.json"));
  return text(property(configuration, "currentContext")) ?? "default";
}

/** Docker's files of a context lie in a folder named after the hash of its name. */
async function readContext(name: string, directory: string): Promise<EngineAddress> {
  const folder = createHash("sha256").update(name).digest("hex");
  const metadata = await readJson(join(directory, "contexts", "meta", folder, "meta.json"));
  const endpoint = property(property(metadata, "Endpoints"), "docker");
  const host = text(property(endpoint, "Host"));
  if (host === undefined) {
    const problem = metadata === undefined ? "found none" : "found one without a Docker endpoint";
    throw invalid(
      `expected a docker context named ${JSON.stringify(name)} in ${directory}, ${problem}`,
    );
  }
  const verify = property(endpoint, "SkipTLSVerify") !== true;
  const files = join(directory, "contexts", "tls", folder, "docker");
  const [ca, certificate, key] = await Promise.all(
    ["ca.pem", "cert.pem", "key.pem"].map((file) => readOptional(join(files, file))),
  );
  const plain = verify && ca === undefined && certificate === undefined && key === undefined;
  return { host: parseEngineHost(host), tls: plain ? undefined : { verify, ca, certificate, key } };
}

/** TLS outside contexts: asked for by flag or variable, with files that may be left to their default places. */
async function readTls(
  flags: EngineFlags,
  environment: Environment,
  directory: string,
): Promise<EngineTls | undefined> {
  const verify = flags.tlsVerify ?? set(environment["DOCKER_TLS_VERIFY"]) !== undefined;
  const asked = flags.tls ?? set(environment["DOCKER_TLS"]) !== undefined;
  // Even --tlsverify=false asks for TLS, as it does with `docker`.
  if (!asked && !verify && flags.tlsVerify === undefined) return undefined;
  const files = set(environment["DOCKER_CERT_PATH"]) ?? directory;
  const read = async (given: string | undefined, fallback: string): Promise<string | undefined> =>
    given === undefined ? await readOptional(join(files, fallback)) : await readRequired(given);
  const [ca, certificate, key] = await Promise.all([
    read(flags.tlsCaCertificate, "ca.pem"),
    read(flags.tlsCertificate, "cert.pem"),
    read(flags.tlsKey, "key.pem"),
  ]);
  return { verify, ca, certificate, key };
}

async function readRequired(path: string): Promise<string> {
  const content = await readOptional(path);
  if (content === undefined) throw invalid(`expected a file at ${path}, found none`);
  return content;
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new MeshError("CONFIGURATION_INVALID", `cannot read ${path}`, { cause });
  }
}

async function readJson(path: string): Promise<unknown> {
  const content = await readOptional(path);
  if (content === undefined) return undefined;
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new MeshError("CONFIGURATION_INVALID", `expected JSON in ${path}`, { cause });
  }
}

function property(value: unknown, name: string): unknown {
  const isObject = typeof value === "object" && value !== null && Object.hasOwn(value, name);
  return isObject ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? set(value) : undefined;
}

/** Docker takes an empty variable as one that is not there. */
function set(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

function invalid(message: string): MeshError {
  return new MeshError("CONFIGURATION_INVALID", message);
}
