// A snapshot made ready for the request path: certificates loaded, pickers built, everything found by one look-up.
// Immutable, so that swapping to it is one step; what must survive the swap (health, connections) is handed on.

import { OutsideHosts } from "../egress/outside-hosts.ts";
import type { Destination } from "../http/streams.ts";
import { createTlsIdentity, type TlsIdentity } from "../transport/tls.ts";
import type { DestinationSource } from "./destination-source.ts";
import { buildGateway, type GatewayRoutes } from "./gateway-routes.ts";
import { buildInbound, type InboundRoutes } from "./inbound-routes.ts";
import { buildOutbound, type OutboundRoutes } from "./outbound-routes.ts";
import type { Certificates, Snapshot } from "./snapshot.ts";

export interface Configuration {
  readonly snapshot: Snapshot;
  readonly identity: TlsIdentity;
  readonly outbound: OutboundRoutes;
  readonly inbound: InboundRoutes;
  /** Undefined beside all workloads but gateways. */
  readonly gateway: GatewayRoutes | undefined;
  /** Undefined: calls to hosts outside do not come here. */
  readonly egress: OutsideHosts | undefined;
  /** All destinations: connections to any other are let go. */
  readonly destinations: ReadonlySet<Destination>;
}

/** Throws CERTIFICATE_INVALID for certificates that cannot be used. */
export function buildConfiguration(
  snapshot: Snapshot,
  previous: Configuration | undefined,
  source: DestinationSource,
): Configuration {
  const identity = keepIdentity(snapshot.certificates, previous);
  const outbound = buildOutbound(snapshot, previous?.outbound, (endpoint, uri, rules) =>
    source.sidecar(endpoint, uri, identity, rules),
  );
  const inbound = buildInbound(snapshot, source, previous?.inbound);
  const destinations = new Set([...outbound.destinations, ...inbound.destinations]);
  const gateway = snapshot.gateway && buildGateway(snapshot.gateway, outbound, previous?.gateway);
  const egress = snapshot.egress && new OutsideHosts(snapshot.egress);
  return { snapshot, identity, outbound, inbound, gateway, egress, destinations };
}

/** The identity in use as long as its certificates are the same: a new one costs every pooled connection. */
function keepIdentity(
  certificates: Certificates,
  previous: Configuration | undefined,
): TlsIdentity {
  if (previous === undefined) return createTlsIdentity(certificates, 0);
  const { identity, snapshot } = previous;
  if (JSON.stringify(certificates) === JSON.stringify(snapshot.certificates)) return identity;
  return createTlsIdentity(certificates, identity.generation + 1);
}
