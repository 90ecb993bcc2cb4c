// The listeners that a snapshot asks for. Pure: nothing is opened here.
import { placeOf } from "../configuration/place.ts";
import type { OutsideHost, Snapshot } from "../configuration/snapshot.ts";

export type WantedKind =
  | "outbound"
  | "egress"
  | "inbound-tls"
  | "inbound-plaintext"
  | "gateway-http"
  | "gateway-https";

export interface WantedListener {
  /** Equal keys are the same listener, whatever else of the snapshot changed. */
  readonly key: string;
  readonly kind: WantedKind;
  readonly address: string;
  readonly port: number;
  /** What does not work while it is not open, for people. */
  readonly consequence: string;
}

const ALL_ADDRESSES = "0.0.0.0";

export function wantedListeners(snapshot: Snapshot): WantedListener[] {
  const { service, inbound, outbound, egress = [] } = snapshot;
  const wanted: WantedListener[] = [];
  for (const { name, tlsPort, plaintextPort } of inbound) {
    const consequence = `the mesh cannot reach ${service} on its port "${name}"`;
    wanted.push(describe("inbound-tls", ALL_ADDRESSES, tlsPort, consequence));
    if (plaintextPort === undefined) continue;
    wanted.push(
      describe("inbound-plaintext", ALL_ADDRESSES, plaintextPort, `callers outside ${consequence}`),
    );
  }
  for (const callee of outbound) {
    // Nobody can dial what has no name: it is reached by way of another service's policy.
    if (callee.names.length === 0) continue;
    for (const { port, listenPort } of callee.ports) {
      const consequence = `calls of ${service} to ${callee.service} on port ${port} are refused`;
      wanted.push(describe("outbound", callee.address, listenPort, consequence));
    }
  }
  wanted.push(...gatewayListeners(snapshot), ...egressListeners(service, egress));
  return wanted;
}

/** One for each port, however many hosts are listed on it. */
function egressListeners(service: string, hosts: readonly OutsideHost[]): WantedListener[] {
  const places = new Map(
    hosts.map(({ port, listen }) => {
      const consequence = `calls of ${service} to hosts outside on port ${port} are refused`;
      const wanted = describe("egress", listen.address, listen.port, consequence);
      return [wanted.key, wanted];
    }),
  );
  return [...places.values()];
}

/** A gateway that is stopping takes no new clients: others may be there for them. */
function gatewayListeners({ service, gateway, draining }: Snapshot): WantedListener[] {
  if (gateway === undefined || draining) return [];
  return (["http", "https"] as const).flatMap((scheme) => {
    const port = gateway.ports[scheme];
    if (port === undefined) return [];
    const consequence = `clients outside the mesh cannot reach ${service} by ${scheme}`;
    return [describe(`gateway-${scheme}`, ALL_ADDRESSES, port, consequence)];
  });
}

function describe(
  kind: WantedKind,
  address: string,
  port: number,
  consequence: string,
): WantedListener {
  return { key: `${kind} ${placeOf(address, port)}`, kind, address, port, consequence };
}
