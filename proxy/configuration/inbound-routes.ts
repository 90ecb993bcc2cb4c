// What a snapshot says about callers of the own application, made ready for the request path.
import type { Protocol } from "../../mesh/model.ts";
import { FixedTargets } from "../balance/fixed-targets.ts";
import type { Targets } from "../http/plan.ts";
import type { Destination } from "../http/streams.ts";
import type { DestinationSource } from "./configuration.ts";
import type { InboundPort, Snapshot } from "./snapshot.ts";

export interface InboundRoute {
  readonly port: InboundPort;
  readonly host: Buffer;
  /** Where requests of either kind go: an application of unknown protocol is spoken to as its callers speak. */
  readonly http1Application: Targets;
  readonly http2Application: Targets;
}

export interface InboundRoutes {
  /** By the port of the listener, mutual TLS and plaintext alike. */
  readonly routes: ReadonlyMap<number, InboundRoute>;
  readonly destinations: readonly Destination[];
}

export function buildInbound(snapshot: Snapshot, source: DestinationSource): InboundRoutes {
  const routes = new Map<number, InboundRoute>();
  const destinations: Destination[] = [];
  for (const port of snapshot.inbound) {
    const { protocol, applicationPort } = port;
    const http1 = source.application(applicationPort, speaksHttp2(protocol, false));
    const http2 = source.application(applicationPort, speaksHttp2(protocol, true));
    destinations.push(http1, http2);
    const route = {
      ...{ port, host: Buffer.from(snapshot.service) },
      http1Application: new FixedTargets([http1]),
      http2Application: new FixedTargets([http2]),
    };
    routes.set(port.tlsPort, route);
    if (port.plaintextPort !== undefined) routes.set(port.plaintextPort, route);
  }
  return { routes, destinations };
}

/** Whether an application is spoken to in HTTP/2 on behalf of a caller who does or does not speak it. */
function speaksHttp2(protocol: Protocol, callerDoes: boolean): boolean {
  return protocol === "http2" || protocol === "grpc" || (protocol === "auto" && callerDoes);
}
