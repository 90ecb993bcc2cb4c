// What a snapshot says about the services that the application calls, made ready for the request path.

import { FixedTargets } from "../balance/fixed-targets.ts";
import type { Picker } from "../balance/picker.ts";
import { type Rotation, roundRobin } from "../balance/round-robin.ts";
import type { Targets } from "../http/plan.ts";
import type { Destination } from "../http/streams.ts";
import type { TlsIdentity } from "../transport/tls.ts";
import type { DestinationSource } from "./configuration.ts";
import { placeOf } from "./place.ts";
import type { Endpoint, OutboundPort, OutboundService, Snapshot } from "./snapshot.ts";

export interface OutboundRoute {
  readonly service: OutboundService;
  readonly port: OutboundPort;
  /** The Host of requests that name none. */
  readonly host: Buffer;
  /** For requests. */
  readonly targets: Targets;
  /** For byte streams, in the same rotation. */
  readonly endpoints: Picker<Endpoint>;
}

export interface OutboundRoutes {
  /** By {@link placeOf} the listener. */
  readonly routes: ReadonlyMap<string, OutboundRoute>;
  readonly destinations: readonly Destination[];
  readonly rotations: ReadonlyMap<string, Rotation>;
}

export function buildOutbound(
  snapshot: Snapshot,
  identity: TlsIdentity,
  previous: OutboundRoutes | undefined,
  source: DestinationSource,
): OutboundRoutes {
  const rotations = new Map<string, Rotation>();
  const routes = new Map<string, OutboundRoute>();
  const all: Destination[] = [];
  for (const service of snapshot.outbound) {
    for (const port of service.ports) {
      const name = `${service.service}:${port.port}`;
      const rotation = previous?.rotations.get(name) ?? startRotation();
      const destinations = port.endpoints.map((endpoint) =>
        source.sidecar(endpoint, service.uri, identity),
      );
      rotations.set(name, rotation);
      all.push(...destinations);
      routes.set(placeOf(service.address, port.listenPort), {
        ...{ service, port, host: Buffer.from(service.service) },
        targets: new FixedTargets(destinations, rotation),
        endpoints: roundRobin(port.endpoints, rotation),
      });
    }
  }
  return { routes, destinations: all, rotations };
}

/** Somewhere in the middle: sidecars that start together do not all begin with the same endpoint. */
function startRotation(): Rotation {
  return { position: Math.floor(Math.random() * 1_000) };
}
