// From the application to another service, top to bottom as it happens: which service was called → which protocol is
// spoken → where its routes lead → a link or a connection to an endpoint that works.
import { DEFAULT_POLICY } from "../mesh/policy/read-policy.ts";
import { accept } from "./accept.ts";
import type { OutboundRoute } from "./configuration/outbound-routes.ts";
import type { DataPlane } from "./data-plane.ts";
import type { FinishedExchange, RequestHandler } from "./http/exchanges.ts";
import type { RequestPlan } from "./http/plan.ts";
import type { Refusal } from "./http/refusal.ts";
import type { MessageHead } from "./http1/message-head.ts";
import type { View } from "./observe/describe-request.ts";
import { OutboundPlans } from "./outbound-plans.ts";
import { type OpenedStream, openStream, StreamError } from "./outbound-stream.ts";
import { UNLIMITED } from "./resilience/unlimited.ts";
import { NO_TARGETS } from "./route/route-target.ts";
import { tunnel } from "./tcp/tunnel.ts";
import type { Connection } from "./transport/connection.ts";

/** Takes a connection that the application opened to a service's address. */
export function acceptOutbound(plane: DataPlane, connection: Connection, place: string): void {
  const route = plane.configuration()?.outbound.routes.get(place);
  if (route === undefined) {
    connection.reset();
    return;
  }
  const handler = new OutboundRequests(plane, place, route);
  const { engine } = plane;
  /** Of the endpoint of a caller that waits to be spoken to. */
  let version = "";
  const ways = {
    http1: () => engine.serve(connection, handler),
    http2: () => engine.serveHttp2(connection, handler),
    tcp: () => void carry(plane, route, connection),
    dialTcp: async (signal: AbortSignal) => {
      const opened = await dialStream(plane, route, connection, signal);
      version = opened.version;
      return opened.connection;
    },
    hold: () => plane.drain.hold(),
    countStream: (reached: boolean) =>
      countStream(plane, route, connection, reached ? version : undefined),
  };
  accept(connection, route.port.protocol, ways, engine.deadlines);
}

const NOTHING = Buffer.alloc(0);

/** The requests of one connection to a service. */
class OutboundRequests implements RequestHandler {
  readonly #plane: DataPlane;
  readonly #place: string;
  readonly #service: string;
  readonly #view: View;
  readonly #host: Buffer;
  readonly #plans = new OutboundPlans();

  constructor(plane: DataPlane, place: string, accepted: OutboundRoute) {
    this.#plane = plane;
    this.#place = place;
    this.#service = accepted.service.service;
    this.#view = viewOf(this.#service);
    this.#host = accepted.host;
  }

  get closing(): boolean {
    return this.#plane.drain.draining;
  }

  plan(head: MessageHead): RequestPlan {
    const { configuration, counters, drain } = this.#plane;
    const current = configuration();
    const route = current?.outbound.routes.get(this.#place);
    drain.enter();
    // A service that left the configuration meanwhile must not be served by what took its address.
    if (current === undefined || route?.service.service !== this.#service) {
      counters.countOutbound(this.#service);
      return this.#planOfNothing();
    }
    const plan = this.#plans.make(route, head, current.snapshot.instanceId);
    counters.countOutbound(plan.service);
    return plan;
  }

  /** Whom the application calls was decided when it called. */
  review(): undefined {}

  finished(exchange: FinishedExchange, milliseconds: number): void {
    const { service } = exchange.plan;
    const view = service === this.#service ? this.#view : viewOf(service);
    finishOutbound(this.#plane, view, exchange, milliseconds);
  }

  refused(refusal: Refusal): void {
    const { configuration, counters, observer } = this.#plane;
    const service = configuration()?.outbound.services.get(this.#service);
    counters.countFailure(refusal.code);
    observer.refused(this.#view, service?.conduct.policy ?? DEFAULT_POLICY, refusal);
  }

  #planOfNothing(): RequestPlan {
    return {
      ...{ service: this.#service, targets: NO_TARGETS, key: 0, conduct: UNLIMITED },
      ...{ host: this.#host, added: NOTHING, forwardedFor: undefined },
      ...{ before: undefined, edits: undefined, mirror: undefined, telemetry: DEFAULT_POLICY },
    };
  }
}

/** How requests to that service are told of. */
export function viewOf(peer: string): View {
  return { reporter: "source", peer, address: "" };
}

/** Counts and shows a request to a service that is over. */
export function finishOutbound(
  { counters, drain, traffic, observer }: DataPlane,
  view: View,
  exchange: FinishedExchange,
  milliseconds: number,
): void {
  const { failure, plan, target } = exchange;
  drain.leave();
  counters.outboundTimes.record(milliseconds);
  traffic.count("source", plan.service, target?.version ?? "", exchange, milliseconds);
  observer.finished(view, exchange, milliseconds);
  if (failure === undefined) return;
  counters.outboundFailed += 1;
  counters.countFailure(failure);
}

/** Never rejects. */
async function carry(plane: DataPlane, route: OutboundRoute, near: Connection): Promise<void> {
  using _held = plane.drain.hold();
  const far = await dialStream(plane, route, near, plane.signal).catch(() => undefined);
  countStream(plane, route, near, far?.version);
  if (far === undefined) near.reset();
  else await tunnel(near, far.connection);
}

async function dialStream(
  plane: DataPlane,
  route: OutboundRoute,
  near: Connection,
  signal: AbortSignal,
): Promise<OpenedStream> {
  try {
    return await openStream(plane, route, near, signal);
  } catch (error) {
    if (error instanceof StreamError) plane.counters.countFailure(error.code);
    throw error;
  }
}

/** `version`: of the endpoint; undefined when none was reached. */
function countStream(
  { counters, traffic }: DataPlane,
  { service: { service } }: OutboundRoute,
  near: Connection,
  version: string | undefined,
): void {
  counters.countOutbound(service);
  if (version === undefined) counters.outboundFailed += 1;
  else traffic.follow("source", service, version, near.socket);
}
