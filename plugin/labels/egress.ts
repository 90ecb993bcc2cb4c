// The value of `mesh.egress`: whom outside the mesh's networks a workload may call. Text in, value or refusal out.
import { isIPv4, isIPv6 } from "node:net";
import { quote } from "../../mesh/printable.ts";
import { Refusal } from "../../mesh/refusal.ts";
import type { OutsideHost } from "../../proxy/configuration/snapshot.ts";
import { readPort } from "./values.ts";

/** A name on one port. */
export type OutsideName = Pick<OutsideHost, "name" | "port">;

/** Addresses that may be called without a name. */
export interface OutsideRange {
  /** As nft writes it: an address, or the first one with the length of the prefix. */
  readonly range: string;
  readonly version: 4 | 6;
  /** Of TCP and UDP; undefined: everything. */
  readonly port: number | undefined;
}

/** Whom a workload may call besides the containers on its networks; nobody where both are empty. */
export interface OutsideList {
  readonly hosts: readonly OutsideName[];
  readonly ranges: readonly OutsideRange[];
}

/** Completes "expected …". */
export const EXPECTED_EGRESS =
  "allow, deny, or outside hosts separated by commas, such as api.example.com, *.example.com:8443 or 203.0.113.0/24:5432";

/** Where web servers listen: what a name without a port is good for. */
const USUAL_PORTS: readonly number[] = [443, 80];
const MAX_ENTRIES = 64;
/** Each takes a listener. */
const MAX_PORTS = 16;

export function readEgress(text: string): "allow" | OutsideList | Refusal {
  if (text === "allow") return text;
  const list = { hosts: new Map<string, OutsideName>(), ranges: new Map<string, OutsideRange>() };
  if (text === "deny") return { hosts: [], ranges: [] };
  const entries = text.split(",").map((entry) => entry.replaceAll(/^[ \t]+|[ \t]+$/g, ""));
  if (entries.length > MAX_ENTRIES)
    return new Refusal(`expected at most ${MAX_ENTRIES} hosts, got ${entries.length}`);
  for (const entry of entries) {
    const range = readRange(entry);
    const found = range instanceof Refusal ? range : (range ?? readHosts(entry));
    if (found instanceof Refusal) return aboutEntry(found, entry, entries.length);
    const isNew = Array.isArray(found)
      ? found.map((host) => addOnce(list.hosts, host)).some(Boolean)
      : addOnce(list.ranges, found as OutsideRange);
    if (!isNew) return new Refusal(`expected each host once, got ${quote(entry)} twice`);
  }
  const hosts = [...list.hosts.values()];
  const ports = new Set(hosts.map(({ port }) => port)).size;
  if (ports > MAX_PORTS)
    return new Refusal(`expected names on at most ${MAX_PORTS} different ports, got ${ports}`);
  return { hosts, ranges: [...list.ranges.values()] };
}

function aboutEntry({ detail }: Refusal, entry: string, count: number): Refusal {
  if (detail !== undefined) return new Refusal(`${detail}, got ${quote(entry)}`);
  const among = count > 1 ? " among them" : "";
  return new Refusal(`expected ${EXPECTED_EGRESS}, got ${quote(entry)}${among}`);
}

/** False when it is there already. */
function addOnce<T>(known: Map<string, T>, value: T): boolean {
  const key = JSON.stringify(value);
  if (known.has(key)) return false;
  known.set(key, value);
  return true;
}

const LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?";
/** At least two labels, so that `alow` is a typing error and not a host; the last begins with a letter, as no address does. */
const NAME = new RegExp(
  `^((?:\\*\\.)?(?:${LABEL}\\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)(?::(.*))?$`,
);
const MAX_NAME = 253;

function readHosts(entry: string): readonly OutsideName[] | Refusal {
  const [, name, port] = NAME.exec(entry) ?? [];
  if (name === undefined || name.length > MAX_NAME) return new Refusal();
  if (port === undefined) return USUAL_PORTS.map((usual) => ({ name, port: usual }));
  const number = readPort(port);
  return number instanceof Refusal ? PORT : [{ name, port: number }];
}

const PORT = new Refusal("expected a port from 1 to 65535 behind the colon");
const RANGE = /^(?:([0-9.]+(?:\/[^:/]*)?)|\[([0-9a-f:.]+(?:\/[^\]]*)?)\])(?::(.*))?$/;
const IPV6_RANGE = /^[0-9a-f]*:[0-9a-f:.]*(?:\/\d+)?$/;

/** Undefined for what does not look like addresses. */
function readRange(entry: string): OutsideRange | Refusal | undefined {
  const bare = IPV6_RANGE.test(entry);
  const [, v4, v6 = bare ? entry : undefined, port] = (bare ? null : RANGE.exec(entry)) ?? [];
  const text = v4 ?? v6;
  if (text === undefined) return undefined;
  const version = v4 === undefined ? 6 : 4;
  const [address = "", length] = text.split("/");
  if (!(version === 4 ? isIPv4(address) : isIPv6(address))) return new Refusal();
  if (length !== undefined && !isFirstOf(address, length, version)) return PREFIX;
  const number = port === undefined ? undefined : readPort(port);
  return number instanceof Refusal ? PORT : { range: text, version, port: number };
}

const PREFIX = new Refusal(
  "expected the first address of a range and the length of its prefix, such as 203.0.113.0/24",
);

function isFirstOf(address: string, length: string, version: 4 | 6): boolean {
  const bits = version === 4 ? 32 : 128;
  const prefix = /^[1-9]\d{0,2}$/.test(length) ? Number(length) : 0;
  if (prefix < 1 || prefix > bits) return false;
  const rest = BigInt(bits - prefix);
  return (numberOf(address, version) & ((1n << rest) - 1n)) === 0n;
}

function numberOf(address: string, version: 4 | 6): bigint {
  if (version === 4) return joined(address.split(".").map(Number), 8n);
  const [head = "", tail] = address.split("::");
  const [left, right] = [groupsOf(head), groupsOf(tail ?? "")];
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  return joined([...left, ...Array<number>(gap).fill(0), ...right], 16n);
}

/** Of half an IPv6 address, which may end in an IPv4 address. */
function groupsOf(half: string): number[] {
  return half
    .split(":")
    .filter((part) => part !== "")
    .flatMap((part) => {
      if (!part.includes(".")) return [Number.parseInt(part, 16)];
      const [a = 0, b = 0, c = 0, d = 0] = part.split(".").map(Number);
      return [a * 256 + b, c * 256 + d];
    });
}

function joined(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((sum, part) => (sum << bits) | BigInt(part), 0n);
}
