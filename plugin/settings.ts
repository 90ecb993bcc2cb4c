// The agent's settings, read once from its environment. All problems are reported at once, by the variable's name.
import { parseDuration } from "../mesh/duration.ts";
import { describeError, MeshError } from "../mesh/errors.ts";
import { LOG_LEVELS, type LogLevel } from "../mesh/log.ts";
import { parseConsulAddress } from "../registry/consul/address.ts";
import { type ConsoleSettings, readConsoleSettings } from "./console/console-settings.ts";
import { parseListen } from "./listen-address.ts";
import { API_SOCKET, STATE_DIRECTORY } from "./places.ts";
import { type CollectorSettings, readCollectorSettings } from "./traces/collector-settings.ts";

export interface Settings {
  readonly catalog: "consul" | "embedded";
  /** Address of the node's Consul agent. */
  readonly consulAddress: string;
  readonly consulToken: string | undefined;
  /** The file that holds it instead, such as a secret of Swarm's. */
  readonly consulTokenFile: string | undefined;
  /** Life of the certificates that the embedded authority issues, ms; Consul's own setting rules with Consul. */
  readonly leafLifetime: number;
  /** How long a root of the embedded authority signs before another follows it, ms. */
  readonly rootAge: number;
  /** Path of the API's unix socket. */
  readonly apiSocket: string;
  /** Where the API listens besides; undefined: nowhere. */
  readonly apiTcp: ApiTcpSettings | undefined;
  /** Where metrics can be read by whoever gets there; undefined: nowhere. */
  readonly metricsListen: { readonly host: string; readonly port: number } | undefined;
  /** The console; undefined: none. */
  readonly console: ConsoleSettings | undefined;
  /** Who collects traces; undefined: nobody. */
  readonly collector: CollectorSettings | undefined;
  /** The folder of the certificates that people give to gateways. */
  readonly gatewayCertificates: string;
  readonly logLevel: LogLevel;
  /** Whether this agent is only to let the applications of its node go, before the mesh is removed. */
  readonly leaves: boolean;
}

/** The API over TCP: always with TLS and a token, each in a file. */
export interface ApiTcpSettings {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** PEM, leaf first. */
  readonly certificateFile: string;
  /** PEM. */
  readonly keyFile: string;
  readonly tokenFile: string;
}

/** In the volume of the agent's state, so that `docker cp` can put certificates there. */
const GATEWAY_CERTIFICATES = `${STATE_DIRECTORY}/gateway`;

const SHORTEST_LEAF_LIFETIME = 10_000;
const FIVE_YEARS = "43800h";
const SHORTEST_ROOT_AGE = 60_000;
/** Roots live ten years; the last leaf of one must be over by then. */
const LONGEST_ROOT_AGE = 9 * 365 * 24 * 3_600_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws CONFIGURATION_INVALID with everything that is wrong. */
export function readSettings(environment: Environment): Settings {
  const problems: string[] = [];
  const read = <T>(name: string, fallback: string, parse: (text: string) => T): T | undefined => {
    const text = environment[name] || fallback;
    try {
      return parse(text);
    } catch (error) {
      problems.push(`${name}: ${describeError(error)}`);
      return undefined;
    }
  };
  const catalog = read("MESH_CATALOG", "consul", (text) =>
    oneOf(["consul", "embedded"] as const, text),
  );
  const consulAddress = read(
    "MESH_CONSUL_ADDRESS",
    "http://consul:8500",
    (text) => parseConsulAddress(text).text,
  );
  const leafLifetime = read("MESH_LEAF_LIFETIME", "24h", parseLifetime);
  const rootAge = read("MESH_ROOT_AGE", FIVE_YEARS, (text) => parseRootAge(text, leafLifetime));
  const apiSocket = read("MESH_API_SOCKET", API_SOCKET, parsePath);
  const apiTcp = readApiTcp(environment, problems);
  const metricsListen = environment["MESH_METRICS_LISTEN"]
    ? read("MESH_METRICS_LISTEN", "", parseListen)
    : undefined;
  const console = readConsoleSettings(environment, problems);
  const collector = readCollectorSettings(environment, problems);
  const gatewayCertificates = read("MESH_GATEWAY_CERTIFICATES", GATEWAY_CERTIFICATES, parsePath);
  const leaves = read("MESH_LEAVE", "false", (text) => oneOf(["true", "false"], text)) === "true";
  const logLevel = read("MESH_LOG_LEVEL", "info", (text) => oneOf(LOG_LEVELS, text));
  if (environment["MESH_CONSUL_TOKEN"] && environment["MESH_CONSUL_TOKEN_FILE"]) {
    problems.push("MESH_CONSUL_TOKEN_FILE: expected it or MESH_CONSUL_TOKEN, found both");
  }
  if (
    catalog === undefined ||
    consulAddress === undefined ||
    leafLifetime === undefined ||
    rootAge === undefined ||
    apiSocket === undefined ||
    gatewayCertificates === undefined ||
    logLevel === undefined ||
    problems.length > 0
  ) {
    throw new MeshError("CONFIGURATION_INVALID", problems.join("; "));
  }
  return {
    catalog,
    consulAddress,
    consulToken: environment["MESH_CONSUL_TOKEN"] || undefined,
    consulTokenFile: environment["MESH_CONSUL_TOKEN_FILE"] || undefined,
    leafLifetime,
    rootAge,
    apiSocket,
    apiTcp,
    metricsListen,
    console,
    collector,
    gatewayCertificates,
    logLevel,
    leaves,
  };
}

const TCP_NEEDS = {
  MESH_API_TLS_CERT: "the file of a certificate",
  MESH_API_TLS_KEY: "the file of its key",
  MESH_API_TOKEN_FILE: "the file of a token",
} as const;

/** The API is never offered over TCP in plaintext or to just anybody, so whatever is missing refuses the start. */
function readApiTcp(environment: Environment, problems: string[]): ApiTcpSettings | undefined {
  const text = environment["MESH_API_LISTEN"];
  if (text === undefined || text === "") return undefined;
  for (const [name, what] of Object.entries(TCP_NEEDS)) {
    if (!environment[name]) problems.push(`${name}: expected ${what} beside MESH_API_LISTEN`);
  }
  try {
    return {
      ...parseListen(text),
      certificateFile: environment["MESH_API_TLS_CERT"] ?? "",
      keyFile: environment["MESH_API_TLS_KEY"] ?? "",
      tokenFile: environment["MESH_API_TOKEN_FILE"] ?? "",
    };
  } catch (error) {
    problems.push(`MESH_API_LISTEN: ${describeError(error)}`);
    return undefined;
  }
}

function parsePath(text: string): string {
  if (!text.startsWith("/")) {
    throw new Error(`expected an absolute path, got ${JSON.stringify(text)}`);
  }
  return text;
}

function oneOf<const T extends string>(values: readonly T[], text: string): T {
  const found = values.find((value) => value === text);
  if (found === undefined)
    throw new Error(`expected ${values.join(" or ")}, got ${JSON.stringify(text)}`);
  return found;
}

function parseLifetime(text: string): number {
  const lifetime = parseDuration(text);
  if (lifetime < SHORTEST_LEAF_LIFETIME)
    throw new Error(`expected at least 10s, got ${JSON.stringify(text)}`);
  return lifetime;
}

/** Shorter than what leaves live, more and more roots would have to be trusted at once. */
function parseRootAge(text: string, leafLifetime = 0): number {
  const age = parseDuration(text);
  if (age < SHORTEST_ROOT_AGE || age > LONGEST_ROOT_AGE || age < leafLifetime)
    throw new Error(
      `expected 1m to 78840h, and no less than MESH_LEAF_LIFETIME, got ${JSON.stringify(text)}`,
    );
  return age;
}
