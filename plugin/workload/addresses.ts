// Addresses and ports that the mesh uses inside a workload's network namespace, all derived, none stored: an agent that
// restarts, or another agent, arrives at the same ones.
import { createHash } from "node:crypto";

/** Loopback addresses that stand for services: 127.64.0.0/10. */
export const VIRTUAL_ADDRESSES = "127.64.0.0/10";
const FIRST_VIRTUAL_ADDRESS = ((127 << 24) | (64 << 16)) >>> 0;
const HOST_BITS = 22;

/** Ports below this one are listened on with their high bit set; the others as they are. */
export const SHIFTABLE_PORTS = 0x8000;

/** Where sidecars listen for other sidecars and for redirected plaintext: Consul's range for sidecar proxies. */
export const SIDECAR_PORTS = { tls: 21_000, plaintext: 21_100, count: 100 } as const;

/** Whether an application's port would collide with the sidecar's own. */
export function isSidecarPort(port: number): boolean {
  return port >= SIDECAR_PORTS.tls && port < SIDECAR_PORTS.plaintext + SIDECAR_PORTS.count;
}

/** The ports of a workload whose plaintext is led to its sidecar, and where to. */
export function redirectedPorts(
  { mtls, intercept }: { readonly mtls: "strict" | "permissive"; readonly intercept: "on" | "off" },
  ports: readonly { readonly port: number }[],
): readonly { readonly port: number; readonly plaintextPort: number }[] {
  if (mtls === "strict" || intercept === "off") return [];
  return ports.map(({ port }, index) => ({ port, plaintextPort: SIDECAR_PORTS.plaintext + index }));
}

/** The port to listen on for a service's port, with redirection (`intercept: on`) or without. */
export function outboundListenPort(port: number, intercept: "on" | "off"): number {
  return intercept === "on" && port < SHIFTABLE_PORTS ? port | SHIFTABLE_PORTS : port;
}

/** Loopback addresses of the sidecar's listeners for hosts outside, beside those that stand for services. */
const EGRESS_ADDRESSES = { shifted: "127.128.0.1", unshifted: "127.128.0.2" } as const;

/** Where the sidecar listens for connections to this port of hosts outside: it is told apart by the place alone. */
export function egressPlace(port: number): { readonly address: string; readonly port: number } {
  return port < SHIFTABLE_PORTS
    ? { address: EGRESS_ADDRESSES.shifted, port: port | SHIFTABLE_PORTS }
    : { address: EGRESS_ADDRESSES.unshifted, port };
}

/**
 * A virtual address for each service: a hash of its name, moved on where two names meet. Only services whose hashes
 * meet (1 pair in 8 million) can change each other's address, and the first by name keeps its own.
 */
export function virtualAddresses(services: Iterable<string>): ReadonlyMap<string, string> {
  const taken = new Set<number>();
  const addresses = new Map<string, string>();
  for (const service of [...new Set(services)].sort()) {
    let host = createHash("sha256").update(service).digest().readUInt32BE(0) >>> (32 - HOST_BITS);
    while (taken.has(host) || isUnusable(host)) host = (host + 1) % 2 ** HOST_BITS;
    taken.add(host);
    addresses.set(service, formatAddress(FIRST_VIRTUAL_ADDRESS + host));
  }
  return addresses;
}

/** The network's own and broadcast address look odd to people and tools: skip x.x.x.0 and x.x.x.255. */
function isUnusable(host: number): boolean {
  const last = host & 0xff;
  return last === 0 || last === 0xff;
}

function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}
