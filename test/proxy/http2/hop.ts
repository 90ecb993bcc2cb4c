// One sidecar's way without a sidecar: callers of either version on one port, an application of either version behind it,
// and the real exchange between them.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { systemClock } from "../../../mesh/clock.ts";
import { Drain } from "../../../mesh/drain.ts";
import { silentLog } from "../../../mesh/log.ts";
import { Counters } from "../../../proxy/counters.ts";
import { detect } from "../../../proxy/detect/detect.ts";
import type { FailureCode } from "../../../proxy/failures.ts";
import type { FinishedExchange, RequestHandler } from "../../../proxy/http/exchanges.ts";
import { HttpEngine } from "../../../proxy/http/http-engine.ts";
import { OpenExchanges } from "../../../proxy/http/open-exchanges.ts";
import type { RequestPlan } from "../../../proxy/http/plan.ts";
import type { Refusal } from "../../../proxy/http/refusal.ts";
import type { Destination } from "../../../proxy/http/streams.ts";
import type { MessageHead } from "../../../proxy/http1/message-head.ts";
import { Http2Destination } from "../../../proxy/http2/http2-destination.ts";
import { type Http2Service, serveHttp2 } from "../../../proxy/http2/serve-http2.ts";
import { Refusals } from "../../../proxy/refusals.ts";
import { plainConnection } from "../../../proxy/transport/connection.ts";
import { dialTcp } from "../../../proxy/transport/dial.ts";
import { planFor } from "../../helpers/plans.ts";

const NOTHING = Buffer.alloc(0);

/** An exchange that is over. */
export interface Finished {
  /** 0: the caller went away before it was answered. */
  readonly status: number;
  readonly failure: FailureCode | undefined;
}

export class Hop implements RequestHandler {
  closing = false;
  idle?: number;
  /** Requests that were taken up. */
  planned = 0;
  destinations: Destination[] = [];
  added: Buffer = NOTHING;
  /** What the plans of requests have besides. */
  parts: Partial<RequestPlan> = {};
  readonly finishedOnes: Finished[] = [];
  readonly refusedOnes: FailureCode[] = [];
  readonly services: Set<Http2Service> = new Set();
  readonly engine: HttpEngine;
  readonly #exchanges = new OpenExchanges();
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #made: Http2Destination[] = [];

  constructor() {
    const refusals = new Refusals(new Counters(), systemClock, silentLog);
    this.engine = new HttpEngine({
      ...{ refusals, links: false, linkViolated: () => undefined, drain: new Drain() },
    });
  }

  plan(_head?: MessageHead): RequestPlan {
    this.planned += 1;
    const { destinations, added } = this;
    const parts = { service: "shop", host: Buffer.from("shop"), added, ...this.parts };
    return planFor(destinations, parts);
  }

  review(): undefined {}

  refused({ code }: Refusal): void {
    this.refusedOnes.push(code);
  }

  finished({ status, failure }: FinishedExchange): void {
    this.finishedOnes.push({ status, failure });
  }

  /** Opens a port for callers that speak HTTP/2, and returns it. */
  async listenHttp2(): Promise<number> {
    return this.#listen(async (socket) => {
      const connection = plainConnection(socket);
      // As in a sidecar: what was read to find out is in the socket again.
      assert.notEqual(await detect(connection, "http"), "http1");
      const service: Http2Service = serveHttp2(connection, this.#exchanges, this, {
        onClosed: () => void this.services.delete(service),
      });
      this.services.add(service);
    });
  }

  /** Opens a port for callers that speak HTTP/1.1, and returns it. */
  async listenHttp1(): Promise<number> {
    return this.#listen((socket) => this.engine.serve(plainConnection(socket), this));
  }

  /** Requests go to an application that speaks HTTP/2. */
  toHttp2(port: number): Http2Destination {
    const destination = new Http2Destination({
      ...{ key: String(port), scheme: "http", unreachable: "APPLICATION_UNREACHABLE" },
      dial: (signal) => dialTcp("127.0.0.1", port, signal),
    });
    this.#made.push(destination);
    this.destinations.push(destination);
    return destination;
  }

  /** Requests go to an application that speaks HTTP/1.1. */
  toHttp1(port: number): void {
    this.destinations.push(this.engine.destinations.application(port, false));
  }

  /** Connections of callers that are open. */
  get callers(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const destination of this.#made) destination.close();
    this.engine.close();
    for (const server of this.#servers) {
      server.close();
      await once(server, "close");
    }
  }

  async #listen(serve: (socket: Socket) => void | Promise<void>): Promise<number> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => this.#sockets.delete(socket));
      void serve(socket);
    });
    this.#servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }
}
