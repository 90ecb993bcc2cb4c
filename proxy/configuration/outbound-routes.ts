// What a snapshot says about the services that the application calls, made ready for the request path. What this sidecar
// has learned of a service and its endpoints, and has in flight to them, lives on from one configuration to the next.
import { CalledService, type Surroundings } from "../health/called-service.ts";
import type { Destination } from "../http/streams.ts";
import { ServiceConduct } from "../resilience/service-conduct.ts";
import { Places } from "../route/places.ts";
import type { Random, RouteLookup, RouteTarget } from "../route/route-target.ts";
import { Router } from "../route/router.ts";
import { placeOf } from "./place.ts";
import type { Endpoint, OutboundPort, OutboundService, Snapshot } from "./snapshot.ts";

export interface OutboundRoute {
  readonly service: OutboundService;
  readonly port: OutboundPort;
  /** The Host of requests that name none. */
  readonly host: Buffer;
  /** For requests. */
  readonly router: Router;
  /** For byte streams, about which routes say nothing. */
  readonly places: Places;
  readonly conduct: ServiceConduct;
}

export interface OutboundRoutes {
  /** By {@link placeOf} the listener. */
  readonly routes: ReadonlyMap<string, OutboundRoute>;
  readonly destinations: readonly Destination[];
  /** By catalog name. */
  readonly services: ReadonlyMap<string, KnownService>;
}

/** What lives on. */
export interface KnownService {
  readonly conduct: ServiceConduct;
  /** By the port that callers dial, in the order of the snapshot. */
  readonly ports: ReadonlyMap<number, CalledService>;
}

/** Gives the destination that stands for an endpoint, whose sidecar must present that SPIFFE id. */
export type Dial = (endpoint: Endpoint, uri: string, rules: ServiceConduct) => Destination;

const SURROUNDINGS: Surroundings = { now: () => performance.now(), random: Math.random };

/** `surroundings`: time and chance, as far as choices rest on them. */
export function buildOutbound(
  snapshot: Pick<Snapshot, "outbound">,
  previous: OutboundRoutes | undefined,
  dial: Dial,
  surroundings: Surroundings = SURROUNDINGS,
): OutboundRoutes {
  const { now } = surroundings;
  const services = new Map<string, KnownService>();
  const destinations: Destination[] = [];
  for (const service of snapshot.outbound) {
    const known = learn(service, previous?.services.get(service.service), surroundings);
    services.set(service.service, known);
    for (const port of service.ports) {
      const endpoints = port.endpoints.map((endpoint) => ({
        endpoint,
        destination: dial(endpoint, service.uri, known.conduct),
      }));
      destinations.push(...endpoints.map(({ destination }) => destination));
      known.ports.get(port.port)?.update(endpoints, known.conduct.policy, now());
    }
  }
  return { routes: buildRoutes(snapshot, services, surroundings.random), destinations, services };
}

/** The service as it is known, or as it becomes known. */
function learn(
  { service, policy, ports }: OutboundService,
  previous: KnownService | undefined,
  surroundings: Surroundings,
): KnownService {
  const conduct = previous?.conduct ?? new ServiceConduct(policy);
  conduct.follow(policy);
  const called = ports.map(({ port }): [number, CalledService] => {
    const existing = previous?.ports.get(port);
    if (existing !== undefined) return [port, existing];
    return [port, new CalledService(service, port, conduct.policy, conduct.breaker, surroundings)];
  });
  return { conduct, ports: new Map(called) };
}

function buildRoutes(
  snapshot: Pick<Snapshot, "outbound">,
  services: ReadonlyMap<string, KnownService>,
  random: Random,
): Map<string, OutboundRoute> {
  const routes = new Map<string, OutboundRoute>();
  for (const service of snapshot.outbound) {
    const { conduct } = services.get(service.service) as KnownService;
    const host = Buffer.from(service.service);
    for (const port of service.ports) {
      const lookup = lookupFrom(service.service, port.port, services);
      const own = lookup(undefined, undefined);
      if (own === undefined) continue;
      routes.set(placeOf(service.address, port.listenPort), {
        ...{ service, port, host, conduct },
        router: new Router(own, lookup, random),
        places: new Places(undefined, own, lookup, random),
      });
    }
  }
  return routes;
}

/** Another service is called on the same port, or else on its first. */
function lookupFrom(
  own: string,
  port: number,
  services: ReadonlyMap<string, KnownService>,
): RouteLookup {
  return (name = own, version) => {
    const known = services.get(name);
    const called = known?.ports.get(port) ?? known?.ports.values().next().value;
    if (known === undefined || called === undefined) return undefined;
    const targets = called.targets(version);
    if (version !== undefined && targets.members.length === 0) return undefined;
    const { conduct, policy } = known.conduct;
    return { service: name, targets, conduct, policy } satisfies RouteTarget;
  };
}
