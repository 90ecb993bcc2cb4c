// Readers of single label values: text in, value or refusal out. Strict: no value is trimmed, repaired or guessed;
// only the entries of a list may have blanks around them.
import { isIP } from "node:net";
import { PROTOCOLS, type Protocol, type ServicePort } from "../../mesh/model.ts";
import { readMatching, readWord } from "../../mesh/policy/kinds.ts";
import { quote } from "../../mesh/printable.ts";
import { Refusal, type ValueReader } from "../../mesh/refusal.ts";
import { isServiceName } from "../../mesh/service-name.ts";
import type { GatewayPorts } from "../../proxy/configuration/gateway.ts";
import type { ApplicationCheck } from "../../proxy/configuration/snapshot.ts";

/** Completes "expected …". */
export const EXPECTED_PROTOCOL = "http, http2, grpc, tcp or auto";

export const readProtocol: ValueReader<Protocol> = readWord(...PROTOCOLS);

export const readName: ValueReader<string> = (text) => (isServiceName(text) ? text : new Refusal());

/** 1 to 1000. */
export function readWeight(text: string): number | Refusal {
  return /^(?:[1-9][0-9]{0,2}|1000)$/.test(text) ? Number(text) : new Refusal();
}

/** Decimal digits without sign, leading zero or exponent: `080` is a typing error, not port 80. */
export function readPort(text: string): number | Refusal {
  if (!/^[1-9][0-9]{0,4}$/.test(text)) return new Refusal();
  const port = Number(text);
  return port <= 65_535 ? port : new Refusal();
}

const PATH = /^\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*$/;

/** As Protocol Buffers name services; empty: the server as a whole. */
const GRPC_SERVICE = /^grpc(?::([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*))?$/;

export function readCheck(text: string): ApplicationCheck | Refusal {
  if (text === "tcp" || text === "none") return { kind: text };
  const grpc = GRPC_SERVICE.exec(text);
  if (grpc !== null) return { kind: "grpc", service: grpc[1] ?? "" };
  return PATH.test(text) ? { kind: "http", path: text } : new Refusal();
}

const LISTENERS = /^(http|https):([0-9]+)$/;

/** Where a gateway listens for clients; at least one of the two. */
export function readGatewayPorts(text: string): GatewayPorts | Refusal {
  const ports: { http?: number; https?: number } = {};
  for (const entry of entries(text)) {
    const [, scheme = "", number = ""] = LISTENERS.exec(entry) ?? [];
    const port = readPort(number);
    if (port instanceof Refusal || (scheme !== "http" && scheme !== "https")) return new Refusal();
    if (ports[scheme] !== undefined) return new Refusal();
    ports[scheme] = port;
  }
  if (ports.http === ports.https)
    return new Refusal(`expected different ports for http and https, got ${ports.http} twice`);
  return { http: ports.http, https: ports.https };
}

/** Addresses and networks, each of which `node:net` can compare. */
export function readNetworks(text: string): readonly string[] | Refusal {
  const networks = text === "" ? [] : entries(text);
  return networks.every(isNetwork) ? networks : new Refusal();
}

function isNetwork(text: string): boolean {
  const [, address = "", length] = /^([^/]+)(?:\/(0|[1-9][0-9]{0,2}))?$/.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(length ?? 0) <= (version === 4 ? 32 : 128);
}

const ENTRY = /^([^:/]*):([^:/]*)(?:\/([^:/]*))?$/;
const PORT_NAME = 'a name of lower-case letters, digits or "-", beginning with a letter,';
/** Not a number: `8080:80` is Docker's way to write a published port, which has no meaning here. */
const readPortName = readMatching(/^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/);

/** Names separated by commas, each once; the empty text is the empty list. */
export function readNames(text: string): readonly string[] | Refusal {
  if (text === "") return [];
  const names: string[] = [];
  for (const entry of entries(text)) {
    if (readName(entry) instanceof Refusal) {
      return new Refusal(
        `expected service names separated by commas, got ${quote(entry)} among them`,
      );
    }
    if (names.includes(entry)) {
      return new Refusal(`expected each service once, got ${quote(entry)} twice`);
    }
    names.push(entry);
  }
  return names;
}

/** `name:port[/protocol]` entries; one without a protocol has the given one. */
export function readPorts(text: string, protocol: Protocol): readonly ServicePort[] | Refusal {
  const ports: ServicePort[] = [];
  for (const entry of entries(text)) {
    const port = readServicePort(entry, protocol);
    if (port instanceof Refusal) return port;
    if (ports.some(({ name }) => name === port.name)) {
      return new Refusal(`expected each port name once, got ${quote(port.name)} twice`);
    }
    if (ports.some((other) => other.port === port.port)) {
      return new Refusal(`expected each port once, got ${port.port} twice`);
    }
    ports.push(port);
  }
  return ports;
}

function readServicePort(entry: string, fallback: Protocol): ServicePort | Refusal {
  const [, name = "", number = "", word] = ENTRY.exec(entry) ?? [];
  const port = readPort(number);
  const protocol = word === undefined ? fallback : readProtocol(word);
  const refuse = (expected: string): Refusal =>
    new Refusal(`expected ${expected} in name:port/protocol, got ${quote(entry)}`);
  if (name === "" && number === "") return refuse("a name and a port");
  if (readPortName(name) instanceof Refusal) return refuse(PORT_NAME);
  if (port instanceof Refusal) return refuse("a port from 1 to 65535");
  if (protocol instanceof Refusal) return refuse(EXPECTED_PROTOCOL);
  return { name, port, protocol };
}

function entries(list: string): readonly string[] {
  return list.split(",").map((entry) => entry.replaceAll(/^[ \t]+|[ \t]+$/g, ""));
}
