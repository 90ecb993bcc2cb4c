// A snapshot from the agent's JSON. Whatever is not exactly as the contract says refuses the whole: half a configuration
// is worse than the last good one. Fields that are not known are left out, so that an agent may be newer than a sidecar.
import { isIP, isIPv4 } from "node:net";
import { MeshError } from "../../mesh/errors.ts";
import { parseIdentity } from "../../mesh/identity.ts";
import { PROTOCOLS, type Protocol } from "../../mesh/model.ts";
import { areNeighbours, CONTRACT, describeDistance } from "./contract.ts";
import { readGateway } from "./gateway.ts";
import type { Observation } from "./observed-request.ts";
import { Reader } from "./reader.ts";
import type {
  ApplicationCheck,
  Certificates,
  Endpoint,
  InboundPort,
  OutboundPort,
  OutboundService,
  OutsideHost,
  OwnIntentions,
  Snapshot,
} from "./snapshot.ts";

const NAME = /^[A-Za-z0-9._-]{1,255}$/;
const OUTSIDE_NAME = /^(?:\*\.)?[a-z0-9._-]{1,255}$/;
const ACTIONS = ["allow", "deny"] as const;
/** Goes into a request line. */
const PATH = /^\/[\x21-\x7e]*$/;

/** The snapshot in one line of the agent's stream. Throws CONFIGURATION_INVALID, naming the field. */
export function parseSnapshot(line: string): Snapshot {
  return readSnapshot(Reader.parse(line));
}

/** The same of what JSON gave. */
export function snapshotFrom(value: unknown): Snapshot {
  return readSnapshot(Reader.of(value));
}

/** Agents before 0.2 do not tell their contract, which was the first. Throws VERSION_MISMATCH. */
function refuseDistance(root: Reader): void {
  const contract = root.has("contract") ? root.number("contract") : 1;
  if (areNeighbours(contract, CONTRACT)) return;
  throw new MeshError(
    "VERSION_MISMATCH",
    `the agent speaks ${describeDistance(contract)}: what was known last stays in force until an agent of a neighbouring version, or its sidecar, is here`,
  );
}

function readSnapshot(root: Reader): Snapshot {
  refuseDistance(root);
  const snapshot: Snapshot = {
    version: root.text("version"),
    service: root.matching("service", NAME),
    instanceId: root.text("instanceId"),
    certificates: readCertificates(root.object("certificates")),
    inbound: root.list("inbound").map(readInbound),
    policy: root.record("policy"),
    intentions: readIntentions(root.object("intentions")),
    jwks: root.has("jwks") ? root.text("jwks") : undefined,
    outbound: root.list("outbound").map(readServiceOnce),
    gateway: root.has("gateway") ? readGateway(root.object("gateway")) : undefined,
    egress: root.has("egress") ? root.list("egress").map(readOutsideHost) : undefined,
    draining: root.boolean("draining"),
    observation: root.has("observation") ? readObservation(root.object("observation")) : undefined,
  };
  refuseTwins(snapshot);
  refuseClashes(snapshot);
  return snapshot;
}

function readObservation(reader: Reader): Observation {
  return { traces: reader.boolean("traces"), tap: reader.boolean("tap") };
}

function readCertificates(reader: Reader): Certificates {
  return {
    certificateChain: reader.text("certificateChain"),
    privateKey: reader.text("privateKey"),
    uri: readUri(reader),
    roots: reader.texts("roots"),
    trustDomain: reader.text("trustDomain"),
    notAfter: reader.number("notAfter"),
  };
}

function readInbound(reader: Reader): InboundPort {
  return {
    name: reader.text("name"),
    protocol: readProtocol(reader),
    applicationPort: reader.port("applicationPort"),
    tlsPort: reader.port("tlsPort"),
    plaintextPort: reader.has("plaintextPort") ? reader.port("plaintextPort") : undefined,
    check: readCheck(reader.object("check")),
  };
}

function readCheck(reader: Reader): ApplicationCheck {
  const kind = reader.oneOf("kind", ["none", "tcp", "http", "grpc"]);
  if (kind === "http") return { kind, path: reader.matching("path", PATH) };
  return kind === "grpc" ? { kind, service: reader.any("service") } : { kind };
}

function readIntentions(reader: Reader): OwnIntentions {
  return {
    defaultAction: reader.oneOf("defaultAction", ACTIONS),
    list: reader.list("list").map((intention) => ({
      source: intention.text("source"),
      action: intention.has("action") ? intention.oneOf("action", ACTIONS) : undefined,
      permissions: intention.list("permissions").map((permission) => ({
        action: permission.oneOf("action", ACTIONS),
        match: permission.record("match"),
      })),
    })),
  };
}

/** Of a thousand services one changes at a time: the others are the objects that they were (`snapshot-changes.ts`). */
const services = new WeakMap<object, OutboundService>();

function readServiceOnce(reader: Reader): OutboundService {
  const known = services.get(reader.source);
  if (known !== undefined) return known;
  const service = readService(reader);
  services.set(reader.source, service);
  return service;
}

function readService(reader: Reader): OutboundService {
  const address = reader.text("address");
  if (!isIPv4(address) || !address.startsWith("127.")) {
    throw reader.invalid("address", "a loopback address", address);
  }
  return {
    service: reader.matching("service", NAME),
    names: readNames(reader),
    address,
    uri: readUri(reader),
    policy: reader.record("policy"),
    ports: reader.list("ports").map(readOutboundPort),
  };
}

/** They become lines of a hosts file: nothing but names may pass. */
function readNames(reader: Reader): readonly string[] {
  const names = reader.texts("names");
  const wrong = names.find((name) => !NAME.test(name));
  if (wrong !== undefined) throw reader.invalid("names", "host names", wrong);
  return names;
}

function readOutboundPort(reader: Reader): OutboundPort {
  return {
    port: reader.port("port"),
    listenPort: reader.port("listenPort"),
    protocol: readProtocol(reader),
    endpoints: reader.list("endpoints").map(readEndpoint),
  };
}

function readEndpoint(reader: Reader): Endpoint {
  const address = reader.text("address");
  if (isIP(address) === 0) throw reader.invalid("address", "an IP address", address);
  return {
    ...{ id: reader.text("id"), address, port: reader.port("port") },
    version: reader.has("version") ? reader.text("version") : undefined,
    weight: reader.number("weight"),
    sameNode: reader.boolean("sameNode"),
  };
}

function readOutsideHost(reader: Reader): OutsideHost {
  const listen = reader.object("listen");
  const address = listen.text("address");
  if (!isIPv4(address) || !address.startsWith("127."))
    throw listen.invalid("address", "a loopback address", address);
  return {
    ...{ name: reader.matching("name", OUTSIDE_NAME), port: reader.port("port") },
    listen: { address, port: listen.port("port") },
  };
}

function readProtocol(reader: Reader): Protocol {
  return reader.oneOf("protocol", PROTOCOLS);
}

function readUri(reader: Reader): string {
  const uri = reader.text("uri");
  parseIdentity(uri);
  return uri;
}

/** What is known of a service and its ports is kept by name and number: of two alike, one would take the other's place. */
function refuseTwins({ outbound }: Snapshot): void {
  refuseTwice(
    outbound.map(({ service }) => service),
    "service",
  );
  refuseTwice(
    outbound.flatMap(({ service, ports }) => ports.map(({ port }) => `port ${port} of ${service}`)),
    "port of a service",
  );
}

function refuseTwice(names: readonly string[], what: string): void {
  const twice = firstTwice(names);
  if (twice === undefined) return;
  throw new MeshError(
    "CONFIGURATION_INVALID",
    `expected each ${what} once in a snapshot, found ${twice} twice`,
  );
}

function firstTwice(texts: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return texts.find((text) => seen.size === seen.add(text).size);
}

/** Two listeners on one address and port could not both be right. */
function refuseClashes({ inbound, outbound, gateway }: Snapshot): void {
  const places = [
    ...inbound.map(({ tlsPort }) => `port ${tlsPort}`),
    ...inbound.flatMap(({ plaintextPort }) =>
      plaintextPort === undefined ? [] : [`port ${plaintextPort}`],
    ),
    ...outbound.flatMap(({ address, ports }) =>
      ports.map(({ listenPort }) => `${address}:${listenPort}`),
    ),
    ...Object.values(gateway?.ports ?? {}).flatMap((port) =>
      port === undefined ? [] : [`port ${port}`],
    ),
  ];
  const twice = firstTwice(places);
  if (twice !== undefined) {
    throw new MeshError(
      "CONFIGURATION_INVALID",
      `expected one listener on each address and port of a snapshot, found two on ${twice}`,
    );
  }
}
