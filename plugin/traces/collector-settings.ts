// Where spans go, from the standard variables of OpenTelemetry
// (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). What stands for traces alone beats what stands for all signals.
import { readFile } from "node:fs/promises";
import { describeError, MeshError } from "../../mesh/errors.ts";
import { quote } from "../../mesh/printable.ts";

export interface CollectorSettings {
  /** Where spans are posted. */
  readonly url: string;
  /** Fields of each request, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** PEM; undefined: the authorities that the system trusts. */
  readonly certificateFile: string | undefined;
  readonly gzip: boolean;
}

/** With what has to be read first. */
export interface Collector extends Omit<CollectorSettings, "certificateFile"> {
  readonly certificate: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Name = "ENDPOINT" | "HEADERS" | "CERTIFICATE" | "COMPRESSION" | "PROTOCOL";

/** Appended to the address of a collector of all signals. */
const TRACES_PATH = "v1/traces";
/** What makes a request one of OTLP's, or HTTP's own. */
const RESERVED: ReadonlySet<string> = new Set([
  ...["content-type", "content-length", "content-encoding", "transfer-encoding"],
  ...["host", "connection", "upgrade", "te", "trailer", "keep-alive", "expect"],
]);

/** Undefined without an address, which means that nobody collects traces. What is wrong is put to the problems, each with its variable. */
export function readCollectorSettings(
  environment: Environment,
  problems: string[],
): CollectorSettings | undefined {
  const read = <T>(name: Name, fallback: T, parse: (text: string, own: boolean) => T): T => {
    const { text, variable, own } = find(environment, name);
    if (text === "") return fallback;
    try {
      return parse(text, own);
    } catch (error) {
      problems.push(`${variable}: ${describeError(error)}`);
      return fallback;
    }
  };
  const url = read<string | undefined>("ENDPOINT", undefined, parseEndpoint);
  // Whoever uses the variables for something else, without collecting traces, is not told about them.
  if (find(environment, "ENDPOINT").text === "") return undefined;
  const headers = read("HEADERS", {}, parseHeaders);
  const certificateFile = read<string | undefined>("CERTIFICATE", undefined, parsePath);
  const gzip = read("COMPRESSION", false, parseCompression);
  read("PROTOCOL", undefined, refuseOtherProtocols);
  return url === undefined ? undefined : { url, headers, certificateFile, gzip };
}

/** `own`: it stands for traces alone. */
function find(
  environment: Environment,
  name: Name,
): { readonly text: string; readonly variable: string; readonly own: boolean } {
  const variable = `OTEL_EXPORTER_OTLP_TRACES_${name}`;
  const own = environment[variable];
  if (own) return { text: own, variable, own: true };
  const shared = `OTEL_EXPORTER_OTLP_${name}`;
  return { text: environment[shared] ?? "", variable: shared, own: false };
}

function parseEndpoint(text: string, own: boolean): string {
  const url = URL.parse(text);
  const isUsable =
    url !== null &&
    ["http:", "https:"].includes(url.protocol) &&
    url.hash === "" &&
    url.port !== "0";
  if (!isUsable || (!own && url.search !== "")) {
    throw new Error(`expected an address such as http://collector:4318, got ${quote(text)}`);
  }
  if (!own) url.pathname = `${url.pathname.replace(/\/$/, "")}/${TRACES_PATH}`;
  return url.href;
}

/** `key=value` pairs as in W3C Baggage, values percent-decoded. */
function parseHeaders(text: string): Record<string, string> {
  const pairs = text.split(",").filter((pair) => pair.trim() !== "");
  return Object.fromEntries(pairs.map(parseHeader));
}

function parseHeader(pair: string): [string, string] {
  const equals = pair.indexOf("=");
  const name = pair.slice(0, Math.max(equals, 0)).trim().toLowerCase();
  const value = decode(pair.slice(equals + 1).trim());
  const isField = /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) && /^[\x20-\x7e]*$/.test(value);
  // The value may be a key that nobody else shall read: it is not shown.
  if (!isField) throw new Error("expected pairs such as api-key=secret, with commas between them");
  if (RESERVED.has(name)) throw new Error(`expected fields that are not OTLP's own, got ${name}`);
  return [name, value];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error("expected values in percent-encoding, found half a code");
  }
}

function parsePath(text: string): string {
  if (text.startsWith("/")) return text;
  throw new Error(`expected an absolute path, got ${quote(text)}`);
}

function parseCompression(text: string): boolean {
  if (["gzip", "none"].includes(text)) return text === "gzip";
  throw new Error(`expected gzip or none, got ${quote(text)}`);
}

function refuseOtherProtocols(text: string): undefined {
  if (text === "http/json") return undefined;
  const cure = "the collector's port for OTLP over HTTP, usually 4318, takes it";
  throw new Error(`expected http/json, which is all that is spoken (${cure}), got ${quote(text)}`);
}

/** Throws CONFIGURATION_INVALID for a file that cannot be read or holds no certificate. */
export async function openCollector(settings: CollectorSettings): Promise<Collector> {
  const { certificateFile, ...rest } = settings;
  if (certificateFile === undefined) return { ...rest, certificate: undefined };
  const certificate = await readFile(certificateFile, "utf8").catch(() => "");
  if (certificate.includes("-----BEGIN CERTIFICATE-----")) return { ...rest, certificate };
  throw new MeshError(
    "CONFIGURATION_INVALID",
    `OTEL_EXPORTER_OTLP_CERTIFICATE: expected certificates in PEM at ${certificateFile}`,
  );
}
