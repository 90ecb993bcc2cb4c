// Somewhere that is reached by dialing: the application, or another sidecar. Which protocol is spoken there shows when a
// connection stands: one link carries everything; HTTP/1.1 takes a connection for each request in flight.
import type { FailureCode } from "../failures.ts";
import { LINK_PROTOCOL } from "../link/protocol.ts";
import type { Connection } from "../transport/connection.ts";
import type { Deadlines } from "../transport/deadlines.ts";
import { OverloadError } from "../transport/dial.ts";
import { openWire } from "../transport/open-wire.ts";
import type { Output } from "../transport/output.ts";
import type { Wire } from "../transport/wire.ts";
import { OriginConnections } from "./origin-connections.ts";
import { shareLook } from "./shared-look.ts";
import type { Destination, RequestStream, StreamListener } from "./streams.ts";
import { WaitingStream } from "./waiting-stream.ts";

/** A connection that carries many requests at once. */
export interface SharedLink {
  /** Ends, or is about to: the next request goes over another. */
  readonly draining: boolean;
  /** Nobody knows whether the peer is still there. What has only waited for a connection can be sent elsewhere, whatever it is. */
  readonly doubtful: boolean;
  openStream(listener: StreamListener): RequestStream;
  /** Closes it when its last stream is over. */
  retire(): void;
  /** Breaks it off. */
  close(): void;
}

export interface DialedOptions {
  readonly key: string;
  readonly output: Output;
  readonly deadlines: Deadlines;
  /** Opens a connection. Rejects when none comes about: nothing was sent. */
  dial(signal: AbortSignal): Promise<Connection>;
  /** The same for a byte stream. */
  readonly dialStream?: Destination["dialStream"];
  /** The peer has ended a connection for HTTP/1.1 that it could have kept. */
  readonly onEnded?: (signal: AbortSignal) => void;
  /** The code of a request for which no connection came about. */
  readonly unreachable: FailureCode;
  /** Whether the address still answers; undefined on loopback, where the kernel itself says when nobody is there. */
  readonly answers: (() => Promise<boolean>) | undefined;
  /** Makes a link of a connection whose peer speaks links; undefined where nobody does. */
  readonly link: ((wire: Wire, peer: LinkPeer) => SharedLink) | undefined;
}

/** What a link does to find out about its peer, and where it says what it has learned. */
export interface LinkPeer {
  /** Whether its address still answers. */
  answers(): Promise<boolean>;
  /** It has said that its application ends. */
  onDeparting(): void;
}

/** Requests that wait for a connection; more are tried elsewhere, or fail. */
const MAX_WAITING = 4_096;
/**
 * Milliseconds for which a peer's word that its application ends is good: until then everybody has heard of it in other
 * ways, and one that has only begun anew at the same place is back.
 */
const DEPARTURE = 2_000;

export class DialedDestination implements Destination {
  readonly key: string;
  readonly dialStream: Destination["dialStream"];
  readonly #options: DialedOptions;
  readonly #origins: OriginConnections;
  readonly #answers: (() => Promise<boolean>) | undefined;
  readonly #closed = new AbortController();
  #waiting: WaitingStream[] = [];
  #dialing = 0;
  #link: SharedLink | undefined;
  /** One dial is enough for all who wait, unless the peer has turned out to need a connection for each. */
  #connectionEach: boolean;
  #retired = false;
  /** Until when it is departing; 0 for one that never was. */
  #departingUntil = 0;

  constructor(options: DialedOptions) {
    this.key = options.key;
    this.dialStream = options.dialStream;
    this.#options = options;
    const { answers } = options;
    this.#answers = answers === undefined ? undefined : shareLook(answers);
    this.#origins = new OriginConnections({
      ...{ ...options, answers: this.#answers },
      onEnded: () => options.onEnded?.(this.#closed.signal),
    });
    this.#connectionEach = options.link === undefined;
  }

  get departing(): boolean {
    return this.#departingUntil !== 0 && performance.now() < this.#departingUntil;
  }

  open(listener: StreamListener, fresh: boolean, risky: boolean): RequestStream {
    const link = this.#link;
    if (link !== undefined && !link.draining && !link.doubtful) return link.openStream(listener);
    const idle = fresh ? undefined : this.#origins.take(risky);
    if (idle !== undefined) return idle.begin(listener);
    const stream = new WaitingStream(listener);
    if (this.#waiting.length >= MAX_WAITING) {
      setImmediate(() => stream.fail(this.#options.unreachable));
      return stream;
    }
    this.#waiting.push(stream);
    if (this.#connectionEach || this.#dialing === 0) this.#dial();
    return stream;
  }

  retire(): void {
    this.#retired = true;
    this.#origins.retire();
    this.#link?.retire();
  }

  close(): void {
    this.#closed.abort(new Error("the sidecar ends"));
    this.#origins.close();
    this.#link?.close();
  }

  get #peer(): LinkPeer {
    return {
      answers: this.#answers ?? stillThere,
      onDeparting: () => {
        this.#departingUntil = performance.now() + DEPARTURE;
      },
    };
  }

  #dial(): void {
    this.#dialing += 1;
    this.#options.dial(this.#closed.signal).then(
      (connection) => this.#connected(connection),
      (error) => this.#failed(error instanceof OverloadError),
    );
  }

  #connected(connection: Connection): void {
    this.#dialing -= 1;
    const { link } = this.#options;
    if (this.#closed.signal.aborted) connection.reset();
    else if (link !== undefined && connection.protocol === LINK_PROTOCOL) {
      this.#useLink(link(openWire(connection), this.#peer));
    } else this.#useOrigin(openWire(connection));
  }

  #useLink(link: SharedLink): void {
    this.#link?.retire();
    this.#link = link;
    this.#connectionEach = false;
    for (const stream of this.#takeWaiting()) stream.attach(link.openStream(stream.listener));
    // Nobody would ever close a link that came about only now.
    if (this.#retired) link.retire();
  }

  #useOrigin(wire: Wire): void {
    this.#connectionEach = true;
    const origin = this.#origins.adopt(wire);
    const [next, ...others] = this.#takeWaiting();
    if (next === undefined) origin.rest();
    else next.attach(origin.begin(next.listener));
    this.#waiting.push(...others);
    while (this.#dialing < this.#waiting.length) this.#dial();
  }

  #failed(overloaded: boolean): void {
    this.#dialing -= 1;
    const code = overloaded ? "OVERLOADED" : this.#options.unreachable;
    const waiting = this.#takeWaiting();
    const [next, ...others] = waiting;
    if (!this.#connectionEach) {
      for (const stream of waiting) stream.fail(code);
      return;
    }
    this.#waiting.push(...others);
    next?.fail(code);
  }

  /** Those who still want a connection. */
  #takeWaiting(): WaitingStream[] {
    const waiting = this.#waiting.filter((stream) => stream.waiting);
    this.#waiting = [];
    return waiting;
  }
}

/** Of a peer that is never asked. */
async function stillThere(): Promise<boolean> {
  return true;
}
