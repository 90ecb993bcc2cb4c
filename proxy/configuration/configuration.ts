// A snapshot made ready for the request path: certificates loaded, pickers built, everything found by one look-up.
// Immutable, so that swapping to it is one step; what must survive the swap (rotations, connections) is handed on.

import type { Protocol } from "../../mesh/model.ts";
import type { Picker } from "../balance/picker.ts";
import { type Rotation, roundRobin } from "../balance/round-robin.ts";
import type { Destination } from "../http/streams.ts";
import { createTlsIdentity, type TlsIdentity } from "../transport/tls.ts";
import type {
  Certificates,
  Endpoint,
  InboundPort,
  OutboundPort,
  OutboundService,
  Snapshot,
} from "./snapshot.ts";

/** Gives out destinations; the same one for the same place, so that its connections survive. */
export interface DestinationSource {
  sidecar(endpoint: Endpoint, uri: string, identity: TlsIdentity): Destination;
  application(port: number, http2: boolean): Destination;
}

export interface OutboundRoute {
  readonly service: OutboundService;
  readonly port: OutboundPort;
  /** The Host of requests that name none. */
  readonly host: Buffer;
  /** For requests. */
  readonly picker: Picker<Destination>;
  /** For byte streams, in the same rotation. */
  readonly endpoints: Picker<Endpoint>;
}

export interface InboundRoute {
  readonly port: InboundPort;
  readonly host: Buffer;
  /** Where requests of either kind go: an application of unknown protocol is spoken to as its callers speak. */
  readonly http1Application: readonly Destination[];
  readonly http2Application: readonly Destination[];
}

export interface Configuration {
  readonly snapshot: Snapshot;
  readonly identity: TlsIdentity;
  /** By {@link placeOf} the listener. */
  readonly outbound: ReadonlyMap<string, OutboundRoute>;
  /** By the port of the listener, mutual TLS and plaintext alike. */
  readonly inbound: ReadonlyMap<number, InboundRoute>;
  /** All destinations: connections to any other are let go. */
  readonly destinations: ReadonlySet<Destination>;
  readonly rotations: ReadonlyMap<string, Rotation>;
}

/** Names a listener by where it listens. */
export function placeOf(address: string, port: number): string {
  return `${address}:${port}`;
}

/** Throws CERTIFICATE_INVALID for certificates that cannot be used. */
export function buildConfiguration(
  snapshot: Snapshot,
  previous: Configuration | undefined,
  source: DestinationSource,
): Configuration {
  const identity = keepIdentity(snapshot.certificates, previous);
  const rotations = new Map<string, Rotation>();
  const outbound = new Map<string, OutboundRoute>();
  const all = new Set<Destination>();
  for (const service of snapshot.outbound) {
    for (const port of service.ports) {
      const name = `${service.service}:${port.port}`;
      const rotation = previous?.rotations.get(name) ?? startRotation();
      const destinations = port.endpoints.map((endpoint) =>
        source.sidecar(endpoint, service.uri, identity),
      );
      rotations.set(name, rotation);
      for (const destination of destinations) all.add(destination);
      outbound.set(placeOf(service.address, port.listenPort), {
        ...{ service, port, host: Buffer.from(service.service) },
        picker: roundRobin(destinations, rotation),
        endpoints: roundRobin(port.endpoints, rotation),
      });
    }
  }
  const inbound = buildInbound(snapshot, source);
  for (const { http1Application, http2Application } of inbound.values()) {
    for (const destination of [...http1Application, ...http2Application]) all.add(destination);
  }
  return { snapshot, identity, outbound, inbound, destinations: all, rotations };
}

function buildInbound(
  snapshot: Snapshot,
  source: DestinationSource,
): ReadonlyMap<number, InboundRoute> {
  const inbound = new Map<number, InboundRoute>();
  for (const port of snapshot.inbound) {
    const { protocol, applicationPort } = port;
    const route = {
      ...{ port, host: Buffer.from(snapshot.service) },
      http1Application: [source.application(applicationPort, speaksHttp2(protocol, false))],
      http2Application: [source.application(applicationPort, speaksHttp2(protocol, true))],
    };
    inbound.set(port.tlsPort, route);
    if (port.plaintextPort !== undefined) inbound.set(port.plaintextPort, route);
  }
  return inbound;
}

/** Whether an application is spoken to in HTTP/2 on behalf of a caller who does or does not speak it. */
function speaksHttp2(protocol: Protocol, callerDoes: boolean): boolean {
  return protocol === "http2" || protocol === "grpc" || (protocol === "auto" && callerDoes);
}

/** Somewhere in the middle: sidecars that start together do not all begin with the same endpoint. */
function startRotation(): Rotation {
  return { position: Math.floor(Math.random() * 1_000) };
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
