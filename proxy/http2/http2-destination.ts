// Somewhere that speaks HTTP/2, known before it is asked: one connection for all requests, and another only when the peer
// takes no more streams on those there are.
import type { FailureCode } from "../failures.ts";
import type { Destination, RequestStream, StreamListener } from "../http/streams.ts";
import { WaitingStream } from "../http/waiting-stream.ts";
import type { Connection } from "../transport/connection.ts";
import { type OriginSession, openOriginSession } from "./origin-session.ts";

/** Connections at once; for more requests than so many can carry, the rest waits. */
const MAX_SESSIONS = 100;

export interface Http2DestinationOptions {
  readonly key: string;
  /** Of the requests' `:scheme`. */
  readonly scheme: "http" | "https";
  /** Opens a connection. Rejects when none comes about: nothing was sent. */
  dial(signal: AbortSignal): Promise<Connection>;
  /** The peer has ended a connection. */
  readonly onEnded?: (signal: AbortSignal) => void;
  /** The code of a request for which no connection came about, or none that speaks HTTP/2. */
  readonly unreachable: FailureCode;
}

export class Http2Destination implements Destination {
  readonly key: string;
  readonly #options: Http2DestinationOptions;
  readonly #closed = new AbortController();
  readonly #sessions: OriginSession[] = [];
  #waiting: WaitingStream[] = [];
  #dialing = false;
  #retired = false;

  constructor(options: Http2DestinationOptions) {
    this.key = options.key;
    this.#options = options;
  }

  /**
   * `fresh` and `risky` change nothing: a peer says before it closes a connection which streams it has not taken, and those
   * are tried again whatever they ask for.
   */
  open(listener: StreamListener): RequestStream {
    const session = this.#sessions.find(({ accepting }) => accepting);
    if (session !== undefined) return session.openStream(listener);
    const stream = new WaitingStream(listener);
    this.#waiting.push(stream);
    this.#dial();
    return stream;
  }

  retire(): void {
    this.#retired = true;
    for (const session of [...this.#sessions]) this.#retireIdle(session);
  }

  close(): void {
    this.#closed.abort(new Error("the sidecar ends"));
    for (const session of [...this.#sessions]) session.close();
  }

  /** One at a time: how many more are needed shows when the peer has said how much it takes. */
  #dial(): void {
    if (this.#dialing || this.#sessions.length >= MAX_SESSIONS) return;
    this.#dialing = true;
    this.#connect().then(
      (session) => this.#connected(session),
      () => this.#failed(),
    );
  }

  async #connect(): Promise<OriginSession> {
    const { scheme, dial } = this.#options;
    const { signal } = this.#closed;
    const events = {
      onRoom: (session: OriginSession): void => this.#onRoom(session),
      onIdle: (session: OriginSession): void => this.#onIdle(session),
      onLeft: (): void => this.#options.onEnded?.(this.#closed.signal),
      onEnd: (session: OriginSession): void => this.#onEnd(session),
    };
    return openOriginSession(await dial(signal), { scheme, ...events }, signal);
  }

  #connected(session: OriginSession): void {
    // A peer that takes nothing is as good as none, and would be asked for ever.
    if (!session.accepting) {
      session.close();
      this.#failed();
      return;
    }
    this.#dialing = false;
    this.#sessions.push(session);
    this.#onRoom(session);
    if (this.#forgetAborted() > 0) this.#dial();
  }

  #failed(): void {
    this.#dialing = false;
    // A peer that takes no more connections may still have room on those that it has taken.
    if (this.#sessions.length > 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const stream of waiting) stream.fail(this.#options.unreachable);
  }

  #onRoom(session: OriginSession): void {
    while (session.accepting) {
      const stream = this.#waiting.shift();
      if (stream === undefined) break;
      if (stream.waiting) stream.attach(session.openStream(stream.listener));
    }
    if (this.#retired) this.#retireIdle(session);
  }

  /** The last connection is kept for the next request. */
  #onIdle(session: OriginSession): void {
    if (this.#sessions.length > 1) session.retire();
  }

  #onEnd(session: OriginSession): void {
    const index = this.#sessions.indexOf(session);
    if (index >= 0) this.#sessions.splice(index, 1);
    if (this.#forgetAborted() > 0) this.#dial();
  }

  #retireIdle(session: OriginSession): void {
    if (session.idle) session.retire();
  }

  /** Returns how many still wait. */
  #forgetAborted(): number {
    this.#waiting = this.#waiting.filter(({ waiting }) => waiting);
    return this.#waiting.length;
  }
}
