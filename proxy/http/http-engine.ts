// Everything that speaks HTTP in a sidecar, on one output and one timer: connections of callers in each of the protocols,
// and the destinations they share.
import type { FailureCode } from "../failures.ts";
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
import { exchanges } from "./exchange.ts";
import type { RequestHandler } from "./streams.ts";

export interface HttpEngineOptions {
  readonly refusals: Refusals;
  /** Whether links are offered to other sidecars. */
  readonly links: boolean;
  /** A request was refused before it became an exchange. */
  refused(code: FailureCode): void;
  readonly timeouts?: CallerTimeouts;
}

export class HttpEngine {
  readonly deadlines: Deadlines = new Deadlines();
  readonly destinations: Destinations;
  readonly #callers: CallerSurroundings;

  constructor({ refusals, links, refused, timeouts = CALLER_TIMEOUTS }: HttpEngineOptions) {
    const { deadlines } = this;
    const output = new Output();
    this.destinations = new Destinations({ output, deadlines, refusals, links });
    this.#callers = { output, deadlines, exchanges, timeouts, refused };
  }

  /** Serves the HTTP/1.1 requests of a connection, which it owns from now on. */
  serve(connection: Connection, handler: RequestHandler): void {
    new CallerConnection(openWire(connection), this.#callers, handler);
  }

  /** The same for a connection that speaks HTTP/2. */
  serveHttp2(connection: Connection, _handler: RequestHandler): void {
    connection.reset();
  }

  /** The same for a link from another sidecar. */
  serveLink(connection: Connection, _handler: RequestHandler): void {
    connection.reset();
  }

  /** Breaks off every connection to a destination; those of callers end with their sockets. */
  close(): void {
    this.destinations.close();
    this.deadlines.close();
  }
}
