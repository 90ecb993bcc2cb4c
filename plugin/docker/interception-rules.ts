// The nft ruleset of one workload's network namespace, as text. It only moves connections to where the sidecar listens;
// Docker's own rules for its DNS at 127.0.0.11 stay in their own table, untouched.
import { SHIFTABLE_PORTS, SIDECAR_PORTS, VIRTUAL_ADDRESSES } from "../workload/addresses.ts";
import { type Confinement, egressGuard, egressRedirects } from "./egress-rules.ts";

export interface RedirectedPort {
  readonly port: number;
  readonly plaintextPort: number;
}

/** What the rules of a namespace depend on. */
export interface Interception {
  readonly mtls: "strict" | "permissive";
  readonly redirected: readonly RedirectedPort[];
  /** Whom the application may call outside; `allow`: anybody. */
  readonly egress: "allow" | Confinement;
}

/**
 * Outbound: a connection to a service's virtual address keeps the address, which tells the service, and has the high bit
 * of its port set, so that the sidecar never wants a port on which the application listens with 0.0.0.0.
 * Inbound, permissive: the service's ports lead to the sidecar's plaintext listeners. Inbound, strict: whatever is not
 * for the sidecar's mutual TLS listeners is reset, over IPv4 and IPv6. Egress: see `egress-rules.ts`. Loopback is never touched.
 * The text replaces its own earlier version in one transaction.
 */
export function interceptionRules({ mtls, redirected, egress }: Interception): string {
  return [
    "table ip docker_mesh",
    "delete table ip docker_mesh",
    "table inet docker_mesh_guard",
    "delete table inet docker_mesh_guard",
    "table ip docker_mesh {",
    "  chain outbound {",
    "    type nat hook output priority -110; policy accept;",
    `    ip daddr ${VIRTUAL_ADDRESSES} tcp dport < ${SHIFTABLE_PORTS} dnat to :tcp dport | ${SHIFTABLE_PORTS}`,
    ...(egress === "allow" ? [] : egressRedirects(egress)),
    "  }",
    ...(mtls === "permissive" ? permissive(redirected) : []),
    "}",
    ...guard(mtls === "strict" ? STRICT : [], egress === "allow" ? [] : egressGuard(egress)),
  ].join("\n");
}

function guard(inbound: readonly string[], outbound: readonly string[]): readonly string[] {
  if (inbound.length + outbound.length === 0) return [];
  return ["table inet docker_mesh_guard {", ...inbound, ...outbound, "}"];
}

function permissive(redirected: readonly RedirectedPort[]): string[] {
  return [
    "  chain inbound {",
    "    type nat hook prerouting priority -110; policy accept;",
    ...redirected.map(
      ({ port, plaintextPort }) =>
        `    iifname != "lo" tcp dport ${port} redirect to :${plaintextPort}`,
    ),
    "  }",
  ];
}

const STRICT: readonly string[] = [
  "  chain inbound {",
  "    type filter hook input priority 0; policy accept;",
  `    iifname != "lo" tcp dport != ${SIDECAR_PORTS.tls}-${SIDECAR_PORTS.tls + SIDECAR_PORTS.count - 1} tcp flags & (fin|syn|rst|ack) == syn reject with tcp reset`,
  "  }",
];
