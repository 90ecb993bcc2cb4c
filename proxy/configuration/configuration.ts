// A snapshot made ready for the request path: certificates loaded, pickers built, everything found by one look-up.
// Immutable, so that swapping to it is one step; what must survive the swap (rotations) is handed on.

import type { Picker } from "../balance/picker.ts";
import { type Rotation, roundRobin } from "../balance/round-robin.ts";
import type { Destination } from "../http/forwarder.ts";
import type { Refusals } from "../refusals.ts";
import { answersAt, DialError, dialSidecar, dialTcp } from "../transport/dial.ts";
import { createTlsIdentity, type TlsIdentity } from "../transport/tls.ts";
import type {
  Certificates,
  Endpoint,
  InboundPort,
  OutboundPort,
  OutboundService,
  Snapshot,
} from "./snapshot.ts";

export interface OutboundRoute {
  readonly service: OutboundService;
  readonly port: OutboundPort;
  readonly picker: Picker<Destination>;
}

export interface InboundRoute {
  readonly port: InboundPort;
  readonly application: Destination;
}

export interface Configuration {
  readonly snapshot: Snapshot;
  readonly identity: TlsIdentity;
  /** By {@link placeOf} the listener. */
  readonly outbound: ReadonlyMap<string, OutboundRoute>;
  /** By the port of the listener, mutual TLS and plaintext alike. */
  readonly inbound: ReadonlyMap<number, InboundRoute>;
  /** The keys of all destinations: pooled connections to any other are closed. */
  readonly destinationKeys: ReadonlySet<string>;
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
  refusals: Refusals,
): Configuration {
  const identity = keepIdentity(snapshot.certificates, previous);
  const rotations = new Map<string, Rotation>();
  const outbound = new Map<string, OutboundRoute>();
  const keys = new Set<string>();
  for (const service of snapshot.outbound) {
    for (const port of service.ports) {
      const name = `${service.service}:${port.port}`;
      const rotation = previous?.rotations.get(name) ?? startRotation();
      const destinations = port.endpoints.map((endpoint) =>
        sidecarDestination(endpoint, service.uri, identity, refusals),
      );
      rotations.set(name, rotation);
      for (const { key } of destinations) keys.add(key);
      outbound.set(placeOf(service.address, port.listenPort), {
        service,
        port,
        picker: roundRobin(destinations, rotation),
      });
    }
  }
  const inbound = buildInbound(snapshot);
  for (const { application } of inbound.values()) keys.add(application.key);
  return { snapshot, identity, outbound, inbound, destinationKeys: keys, rotations };
}

function buildInbound(snapshot: Snapshot): ReadonlyMap<number, InboundRoute> {
  const inbound = new Map<number, InboundRoute>();
  for (const port of snapshot.inbound) {
    const route = { port, application: applicationDestination(port.applicationPort) };
    inbound.set(port.tlsPort, route);
    if (port.plaintextPort !== undefined) inbound.set(port.plaintextPort, route);
  }
  return inbound;
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

function sidecarDestination(
  endpoint: Endpoint,
  uri: string,
  identity: TlsIdentity,
  refusals: Refusals,
): Destination {
  const place = placeOf(endpoint.address, endpoint.port);
  return {
    key: `${identity.generation} ${uri} ${place}`,
    closesIdle: false,
    dial: async (signal) => {
      try {
        return await dialSidecar(endpoint, uri, identity, signal);
      } catch (error) {
        if (error instanceof DialError && error.reason === "refused") refusals.note(place, error);
        throw error;
      }
    },
    answers: () => answersAt(endpoint.address, endpoint.port),
  };
}

function applicationDestination(port: number): Destination {
  return {
    key: `application ${port}`,
    closesIdle: true,
    dial: (signal) => dialTcp("127.0.0.1", port, signal),
    // On loopback the kernel itself says when nobody is there.
    answers: async () => true,
  };
}
