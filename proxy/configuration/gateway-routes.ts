// What a gateway publishes, made ready for its clients' connections and requests.
import { BlockList, isIPv6 } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import { HostTable } from "../gateway/host-table.ts";
import type { Gateway, GatewayCertificate, GatewayPorts } from "./gateway.ts";
import type { OutboundRoute, OutboundRoutes } from "./outbound-routes.ts";

export interface GatewayRoutes {
  readonly ports: GatewayPorts;
  readonly hosts: HostTable<PublishedRoute>;
  /** By the name that a client asks for in its handshake. */
  readonly contexts: HostTable<SecureContext>;
  /** Undefined: nobody. */
  readonly trusted: BlockList | undefined;
  /** Those in use, by their text: another snapshot has most of them again. */
  readonly loaded: ReadonlyMap<string, SecureContext>;
}

export interface PublishedRoute {
  /** Undefined: nobody's, since several claim it, or its service is not known any more. */
  readonly route: OutboundRoute | undefined;
  readonly redirects: boolean;
}

export function buildGateway(
  { ports, trustedProxies, publications, certificates }: Gateway,
  { routes }: OutboundRoutes,
  previous: GatewayRoutes | undefined,
): GatewayRoutes {
  const byTarget = new Map(
    [...routes.values()].map((route) => [targetKey(route.service.service, route.port.port), route]),
  );
  const hosts = new HostTable<PublishedRoute>();
  for (const { host, path, target, redirects } of publications) {
    const route = target && byTarget.get(targetKey(target.service, target.port));
    hosts.add(host, path, { route, redirects });
  }
  const loaded = new Map<string, SecureContext>();
  const contexts = new HostTable<SecureContext>();
  for (const certificate of certificates) {
    const text = certificate.certificateChain + certificate.privateKey;
    const context = previous?.loaded.get(text) ?? load(certificate);
    if (context === undefined) continue;
    loaded.set(text, context);
    for (const host of certificate.hosts) contexts.add(host, "/", context);
  }
  return { ports, hosts, contexts, trusted: blockList(trustedProxies), loaded };
}

function targetKey(service: string, port: number): string {
  return `${service}:${port}`;
}

/** The agent has judged it; what cannot be used all the same must not take the others with it. */
function load({ certificateChain, privateKey }: GatewayCertificate): SecureContext | undefined {
  try {
    return createSecureContext({ cert: certificateChain, key: privateKey, minVersion: "TLSv1.2" });
  } catch {
    return undefined;
  }
}

function blockList(networks: readonly string[]): BlockList | undefined {
  if (networks.length === 0) return undefined;
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", length] = network.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (length === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(length), family);
  }
  return list;
}
