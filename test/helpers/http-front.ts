// The HTTP engine of a sidecar by itself: a plain port in front of destinations, without certificates or an agent.
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { systemClock } from "../../mesh/clock.ts";
import { Drain } from "../../mesh/drain.ts";
import { silentLog } from "../../mesh/log.ts";
import { Counters } from "../../proxy/counters.ts";
import type { FailureCode, LocalAnswer } from "../../proxy/failures.ts";
import { CALLER_TIMEOUTS, type CallerTimeouts } from "../../proxy/http/caller-surroundings.ts";
import { DialedDestination } from "../../proxy/http/dialed-destination.ts";
import type { RequestHandler, ReviewedExchange } from "../../proxy/http/exchanges.ts";
import { HttpEngine } from "../../proxy/http/http-engine.ts";
import type { RequestPlan } from "../../proxy/http/plan.ts";
import type { Destination } from "../../proxy/http/streams.ts";
import { Refusals } from "../../proxy/refusals.ts";
import { plainConnection } from "../../proxy/transport/connection.ts";
import { Deadlines } from "../../proxy/transport/deadlines.ts";
import { dialTcp } from "../../proxy/transport/dial.ts";
import { Output } from "../../proxy/transport/output.ts";
import { planFor } from "./plans.ts";

/** How an exchange ended. */
export interface Finished {
  readonly status: number;
  readonly failure: FailureCode | undefined;
}

/** Opens fronts, and closes all it opened. */
export class HttpFronts implements AsyncDisposable {
  readonly #opened: { close(): unknown }[] = [];
  readonly #sockets = new Set<Socket>();
  /** Whether callers are told to close their connections. */
  closing = false;
  /** Requests that were refused before they were taken up, and how the others ended. */
  readonly refused: FailureCode[] = [];
  readonly finished: Finished[] = [];
  readonly drain: Drain = new Drain();
  /** What the plans of requests taken up from now on have besides. */
  parts: Partial<RequestPlan> = {};
  /** What becomes of an exchange in flight when {@link review} is called. */
  verdict: (exchange: ReviewedExchange) => LocalAnswer | undefined = () => undefined;
  readonly #engines: HttpEngine[] = [];

  /** Somewhere on 127.0.0.1. Without `answers` it is never asked whether it is there. */
  destination(port: number, answers?: () => boolean): Destination {
    const deadlines = new Deadlines();
    const created = new DialedDestination({
      ...{ key: String(port), output: new Output(), deadlines, link: undefined },
      dial: (signal) => dialTcp("127.0.0.1", port, signal),
      unreachable: "APPLICATION_UNREACHABLE",
      answers: answers && (async () => answers()),
    });
    this.#opened.push(deadlines, created);
    return created;
  }

  /** A port whose requests go to these destinations, in this order. */
  async open(
    destinations: readonly Destination[],
    timeouts: Partial<CallerTimeouts> = {},
  ): Promise<number> {
    const refusals = new Refusals(new Counters(), systemClock, silentLog);
    const engine = new HttpEngine({
      ...{ refusals, links: false, timeouts: { ...CALLER_TIMEOUTS, ...timeouts } },
      linkViolated: () => undefined,
      drain: this.drain,
    });
    this.#opened.push(engine);
    this.#engines.push(engine);
    const handler = this.#handler(destinations);
    return this.listen(
      createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) => {
        socket.on("error", () => undefined);
        engine.serve(plainConnection(socket), handler);
      }),
    );
  }

  /** The configuration has changed, as it were. */
  review(): void {
    for (const engine of this.#engines) engine.review();
  }

  /** Listens on a free port of 127.0.0.1. */
  async listen(server: Server): Promise<number> {
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#opened.push(server.listen(0, "127.0.0.1"));
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#opened.splice(0)) each.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #handler(destinations: readonly Destination[]): RequestHandler {
    const fronts = this;
    return {
      get closing(): boolean {
        return fronts.closing;
      },
      plan: () => planFor(destinations, fronts.parts),
      review: (exchange) => fronts.verdict(exchange),
      refused: ({ code }) => void fronts.refused.push(code),
      finished: ({ status, failure }) => void fronts.finished.push({ status, failure }),
    };
  }
}
