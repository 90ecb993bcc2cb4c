// Everything that speaks HTTP in a sidecar, on one output and one timer: connections of callers in each of the protocols,
// and the destinations they share.
import type { Drain } from "../../mesh/drain.ts";
import { serveHttp2 } from "../http2/serve-http2.ts";
import { serveLink } from "../link/server-link.ts";
import type { Tracer } from "../observe/tracer.ts";
import type { Refusals } from "../refusals.ts";
import type { Connection } from "../transport/connection.ts";
import { Deadlines } from "../transport/deadlines.ts";
import { openWire } from "../transport/open-wire.ts";
import { Output } from "../transport/output.ts";
import { CallerConnection } from "./caller-connection.ts";
import {
  CALLER_TIMEOUTS,
  type CallerSurroundings,
  type CallerTimeouts,
} from "./caller-surroundings.ts";
import { Destinations } from "./destinations.ts";
import type { RequestHandler } from "./exchanges.ts";
import { OpenExchanges } from "./open-exchanges.ts";

export interface HttpEngineOptions {
  readonly refusals: Refusals;
  /** Whether links are offered to other sidecars. */
  readonly links: boolean;
  /** A peer broke the protocol of its link. */
  linkViolated(): void;
  /** A request is sent once more. */
  retried?(): void;
  readonly tracer?: Tracer;
  /** Held while responses are on their way. */
  readonly drain: Drain;
  readonly timeouts?: CallerTimeouts;
}

interface Drainable {
  /** `departing`: callers had better not come back either. */
  drain(departing: boolean): void;
}

export class HttpEngine {
  readonly deadlines: Deadlines = new Deadlines();
  readonly destinations: Destinations;
  readonly #exchanges: OpenExchanges;
  readonly #callers: CallerSurroundings;

  readonly #linkViolated: () => void;
  /** Callers' connections that carry many requests at once, and so have to be told when to end. */
  readonly #shared = new Map<Drainable, RequestHandler>();

  constructor(options: HttpEngineOptions) {
    const { refusals, links, linkViolated, drain, timeouts = CALLER_TIMEOUTS } = options;
    const { deadlines } = this;
    const output = new Output();
    const exchanges = new OpenExchanges(options.retried, undefined, options.tracer);
    this.#exchanges = exchanges;
    this.destinations = new Destinations({
      ...{ output, deadlines, refusals, links, linkViolated },
      applicationRefuses: (port) => this.#drainPort(port),
    });
    this.#linkViolated = linkViolated;
    this.#callers = { output, deadlines, exchanges, timeouts, drain };
  }

  /** Serves the HTTP/1.1 requests of a connection, which it owns from now on. */
  serve(connection: Connection, handler: RequestHandler): void {
    new CallerConnection(openWire(connection), this.#callers, handler);
  }

  /** The same for a connection that speaks HTTP/2. */
  serveHttp2(connection: Connection, handler: RequestHandler): void {
    const service: Drainable = serveHttp2(connection, this.#exchanges, handler, {
      onClosed: () => this.#shared.delete(service),
    });
    this.#shared.set(service, handler);
  }

  /** The same for a link from another sidecar. */
  serveLink(connection: Connection, handler: RequestHandler): void {
    const link: Drainable = serveLink(openWire(connection), this.#exchanges, handler, {
      onViolation: () => this.#linkViolated(),
      onClosed: () => this.#shared.delete(link),
    });
    this.#shared.set(link, handler);
  }

  /** Tells callers whose handler is closing now to go elsewhere; what they have begun is finished. */
  drain(): void {
    for (const [connection, handler] of this.#shared)
      if (handler.closing) connection.drain(handler.departing === true);
  }

  /** The application takes no more requests there: callers had better ask another copy, if there is one. */
  #drainPort(port: number): void {
    for (const [connection, handler] of this.#shared)
      if (handler.applicationPort === port) connection.drain(true);
  }

  /** The configuration has changed: exchanges that may not go on under the new one are ended. */
  review(): void {
    this.#exchanges.review();
  }

  /** Breaks off every connection to a destination; those of callers end with their sockets. */
  close(): void {
    this.destinations.close();
    this.#exchanges.close();
    this.deadlines.close();
  }
}
