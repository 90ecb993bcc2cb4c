// From the application to another service, top to bottom as it happens: which service was called → http or tcp →
// candidates from the picker → mutual TLS to the first that can be reached.
import type { OutboundRoute } from "./configuration/configuration.ts";
import type { DataPlane } from "./data-plane.ts";
import { endToEndFields, withoutMeshFields } from "./http/fields.ts";
import type { Exchange, RequestHead } from "./http/forwarder.ts";
import { tunnel } from "./tcp/tunnel.ts";
import type { Connection } from "./transport/connection.ts";

/** Takes a connection that the application opened to a service's address. */
export function acceptOutbound(plane: DataPlane, connection: Connection, place: string): void {
  const route = plane.configuration()?.outbound.get(place);
  if (route === undefined) {
    connection.reset();
  } else if (route.port.protocol !== "tcp") {
    plane.forwarder.serve(connection, (head) => beginRequest(plane, place, route, head));
  } else {
    void carry(plane, route, connection);
  }
}

/** `accepted` is the route of the connection; the request takes the one of this moment. */
function beginRequest(
  plane: DataPlane,
  place: string,
  accepted: OutboundRoute,
  head: RequestHead,
): Exchange {
  const { counters, drain } = plane;
  const { service } = accepted.service;
  const current = plane.configuration()?.outbound.get(place);
  const held = drain.hold();
  counters.countOutbound(service);
  return {
    service,
    fields: withoutMeshFields(endToEndFields(head.fields)),
    // A service that left the configuration meanwhile must not be served by what took its address.
    destinations: current?.service.service === service ? current.picker.pick() : [],
    unreachable: "ENDPOINTS_UNREACHABLE",
    trustsFailures: true,
    closing: () => drain.draining,
    failed: () => {
      counters.outboundFailed += 1;
    },
    [Symbol.dispose]: () => held[Symbol.dispose](),
  };
}

/** A byte stream: goes to the first candidate that can be reached, and stays there. Never rejects. */
async function carry(plane: DataPlane, route: OutboundRoute, near: Connection): Promise<void> {
  const { counters, drain } = plane;
  using _held = drain.hold();
  counters.countOutbound(route.service.service);
  const far = await reach(plane, route, near);
  if (far === undefined) {
    counters.outboundFailed += 1;
    near.reset();
    return;
  }
  await tunnel(near, far);
}

async function reach(
  { log, signal }: DataPlane,
  route: OutboundRoute,
  near: Connection,
): Promise<Connection | undefined> {
  for (const destination of route.picker.pick()) {
    if (near.socket.destroyed) return undefined;
    try {
      return await destination.dial(signal);
    } catch (error) {
      log.debug("an endpoint cannot be reached", {
        service: route.service.service,
        error: String(error),
      });
    }
  }
  return undefined;
}
