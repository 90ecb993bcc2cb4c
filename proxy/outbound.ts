// From the application to another service, top to bottom as it happens: which service was called → which protocol is
// spoken → candidates from the picker → a link or a connection to the first that can be reached.
import { accept } from "./accept.ts";
import type { OutboundRoute } from "./configuration/outbound-routes.ts";
import type { DataPlane } from "./data-plane.ts";
import type { FailureCode } from "./failures.ts";
import type { RequestPlan, Targets } from "./http/plan.ts";
import type { RequestHandler } from "./http/streams.ts";
import { UNLIMITED } from "./resilience/unlimited.ts";
import { TCP_PROTOCOL } from "./tcp/protocol.ts";
import { tunnel } from "./tcp/tunnel.ts";
import type { Connection } from "./transport/connection.ts";
import { dialSidecar } from "./transport/dial.ts";

/** Takes a connection that the application opened to a service's address. */
export function acceptOutbound(plane: DataPlane, connection: Connection, place: string): void {
  const route = plane.configuration()?.outbound.routes.get(place);
  if (route === undefined) {
    connection.reset();
    return;
  }
  const handler = new OutboundRequests(plane, place, route);
  const { engine } = plane;
  const ways = {
    http1: () => engine.serve(connection, handler),
    http2: () => engine.serveHttp2(connection, handler),
    tcp: () => void carry(plane, route, connection),
    dialTcp: (signal: AbortSignal) => reach(plane, route, connection, signal),
    hold: () => plane.drain.hold(),
    countStream: (reached: boolean) => countStream(plane, route, reached),
  };
  accept(connection, route.port.protocol, ways, engine.deadlines);
}

const NO_TARGETS: Targets = { next: () => undefined };
const NOTHING = Buffer.alloc(0);

/** The requests of one connection to a service. */
class OutboundRequests implements RequestHandler {
  readonly #plane: DataPlane;
  readonly #place: string;
  readonly #service: string;
  readonly #host: Buffer;

  constructor(plane: DataPlane, place: string, accepted: OutboundRoute) {
    this.#plane = plane;
    this.#place = place;
    this.#service = accepted.service.service;
    this.#host = accepted.host;
  }

  get closing(): boolean {
    return this.#plane.drain.draining;
  }

  plan(): RequestPlan {
    const { configuration, counters, drain } = this.#plane;
    const service = this.#service;
    const current = configuration()?.outbound.routes.get(this.#place);
    drain.enter();
    counters.countOutbound(service);
    return {
      service,
      // A service that left the configuration meanwhile must not be served by what took its address.
      targets: current?.service.service === service ? current.targets : NO_TARGETS,
      key: 0,
      conduct: UNLIMITED,
      host: this.#host,
      added: NOTHING,
      forwardedFor: undefined,
      before: undefined,
      edits: undefined,
      mirror: undefined,
    };
  }

  /** Whom the application calls was decided when it called. */
  review(): undefined {}

  finished(_status: number, milliseconds: number, failure: FailureCode | undefined): void {
    const { counters, drain } = this.#plane;
    drain.leave();
    counters.outboundTimes.record(milliseconds);
    if (failure === undefined) return;
    counters.outboundFailed += 1;
    counters.countFailure(failure);
  }
}

/** A byte stream: goes to the first candidate that can be reached, and stays there. Never rejects. */
async function carry(plane: DataPlane, route: OutboundRoute, near: Connection): Promise<void> {
  using _held = plane.drain.hold();
  const far = await reach(plane, route, near, plane.signal).catch(() => undefined);
  countStream(plane, route, far !== undefined);
  if (far === undefined) near.reset();
  else await tunnel(near, far);
}

function countStream({ counters }: DataPlane, route: OutboundRoute, reached: boolean): void {
  counters.countOutbound(route.service.service);
  if (!reached) counters.outboundFailed += 1;
}

/** Rejects when none of the candidates can be reached, or the caller is gone. */
async function reach(
  { log, configuration }: DataPlane,
  route: OutboundRoute,
  near: Connection,
  signal: AbortSignal,
): Promise<Connection> {
  const { service, uri } = route.service;
  const identity = configuration()?.identity;
  for (const endpoint of route.endpoints.pick()) {
    if (near.socket.destroyed || identity === undefined) break;
    try {
      return await dialSidecar(endpoint, uri, identity, OFFERED, signal);
    } catch (error) {
      log.debug("an endpoint cannot be reached", { service, error: String(error) });
    }
  }
  throw new Error(`no endpoint of ${service} could be reached`);
}

/** HTTP/1.1 is what foreign sidecars expect to be offered; it says nothing about the bytes. */
const OFFERED: readonly string[] = [TCP_PROTOCOL, "http/1.1"];
