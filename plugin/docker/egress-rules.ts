// The part of a namespace's nft ruleset that holds an application to what `mesh.egress` lists. Inside are the other
// containers on its networks; all else is outside, the host itself included.
import { isIPv6 } from "node:net";
import type { OutsideList, OutsideRange } from "../labels/egress.ts";
import { egressPlace } from "../workload/addresses.ts";
import type { Surroundings } from "./surroundings.ts";

/** Whom an application may call at all. */
export interface Confinement extends OutsideList, Surroundings {}

/** The group of sidecars' processes, which no image is likely to have. */
export const SIDECAR_GROUP = 21_000;

/** Of a connection that is led to the sidecar only the address says so: its interface stays the one it would have left by. */
const LOOPBACK = ['    oifname "lo" accept', "    ip daddr 127.0.0.0/8 accept"];

/** Without these IPv6 does not work at all; they go no further than the link. */
const NEIGHBOURS =
  "    icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-report, mld2-listener-report } accept";

/** More than the longest question by UDP with its header (RFC 1035 §4.2.1). */
const LONGEST_QUESTION = 520;

// Protocols of IP stand as numbers (1 and 58 ICMP, 6 TCP, 17 UDP): their names stand in a file that the image does not have.

/** Lines for a chain of type nat at the output hook: connections to listed ports lead to the sidecar. */
export function egressRedirects(confinement: Confinement): readonly string[] {
  const { hosts, ranges } = confinement;
  const ports = [...new Set(hosts.map(({ port }) => port))].sort((a, b) => a - b);
  if (ports.length === 0) return [];
  return [
    `    meta skgid ${SIDECAR_GROUP} return`,
    '    oifname "lo" return',
    ...insideOf(confinement, 4).map((match) => `    ${match} return`),
    ...ranges
      .filter(({ version, port }) => version === 4 && (port === undefined || ports.includes(port)))
      .map((range) => `    ${matchOf(range)} return`),
    ...ports.map((port) => {
      const place = egressPlace(port);
      return `    tcp dport ${port} dnat to ${place.address}:${place.port}`;
    }),
  ];
}

/**
 * A chain that refuses whatever leaves and is not listed, at once. What the sidecar opens is known by its group, and later by
 * the mark of the connection: a socket that was closed belongs to nobody while the kernel still sends what was written.
 */
export function egressGuard(confinement: Confinement): readonly string[] {
  const { hosts, ranges } = confinement;
  const own = [
    `    meta skgid ${SIDECAR_GROUP} ct mark set ${SIDECAR_GROUP}`,
    `    ct mark ${SIDECAR_GROUP} accept`,
  ];
  return [
    "  chain outbound {",
    "    type filter hook output priority 0; policy accept;",
    ...(hosts.length === 0 ? [] : own),
    ...LOOPBACK,
    "    ct direction reply accept",
    "    meta l4proto { 1, 58 } ct state related accept",
    NEIGHBOURS,
    ...[...insideOf(confinement, 4), ...insideOf(confinement, 6)].map(accepted),
    ...nameServerMatches(confinement).map(accepted),
    ...ranges.map(matchOf).map(accepted),
    "    meta l4proto 6 reject with tcp reset",
    "    reject with icmpx type admin-prohibited",
    "  }",
  ];
}

function accepted(match: string): string {
  return `    ${match} accept`;
}

/** One for each network, of one version of IP. */
function insideOf({ subnets, gateways }: Surroundings, version: 4 | 6): string[] {
  const family = version === 4 ? "ip" : "ip6";
  const [inside, hosts] = [subnets, gateways].map((all) =>
    all.filter((each) => each.includes(":") === (version === 6)),
  );
  const except = hosts?.length ? `${family} daddr != { ${hosts.join(", ")} } ` : "";
  return inside?.map((subnet) => `${except}${family} daddr ${subnet}`) ?? [];
}

/**
 * The engine asks for names outside with a socket in the container's own namespace, as root. Which servers it asks is known
 * only where a user has set them.
 */
function nameServerMatches({ nameServers }: Surroundings): readonly string[] {
  if (nameServers.length === 0)
    return [`meta skuid 0 meta skgid 0 udp dport 53 udp length <= ${LONGEST_QUESTION}`];
  return nameServers.map(
    (address) =>
      `${isIPv6(address) ? "ip6" : "ip"} daddr ${address} meta l4proto { 6, 17 } th dport 53`,
  );
}

function matchOf({ range, version, port }: OutsideRange): string {
  const match = `${version === 4 ? "ip" : "ip6"} daddr ${range}`;
  return port === undefined ? match : `${match} meta l4proto { 6, 17 } th dport ${port}`;
}
