// The accepting side of a link: every request on it becomes an exchange, as if it came over a connection of its own.
import type { FailureCode } from "../failures.ts";
import { describeViolation } from "../http/refusal.ts";
import { type Exchanges, NO_TRAILERS, type RequestHandler } from "../http/streams.ts";
import { MessageHead } from "../http1/message-head.ts";
import { parseRequestHead } from "../http1/parse-request.ts";
import { HEAD_LIMITS } from "../http1/violation.ts";
import type { Wire } from "../transport/wire.ts";
import { DRAINING, FLAG, type LinkViolation } from "./frames.ts";
import { LinkEnd, type LinkObserver } from "./link-end.ts";
import { ServerStream, type ServerStreams } from "./server-stream.ts";
import { OUR_SETTINGS } from "./settings.ts";

/** Whoever accepted the link. */
export interface ServerLinkOwner extends LinkObserver {
  /** A request was refused before, or while, it became an exchange. */
  refused(code: FailureCode): void;
}

/** Shared by all: a head is used up before the call that read it returns. */
const head = new MessageHead();

/** Serves the requests that come over the wire. */
export function serveLink(
  wire: Wire,
  exchanges: Exchanges,
  handler: RequestHandler,
  owner: ServerLinkOwner,
): ServerLink {
  return new ServerLink(wire, exchanges, handler, owner);
}

export class ServerLink extends LinkEnd<ServerStream> implements ServerStreams {
  readonly #exchanges: Exchanges;
  readonly #handler: RequestHandler;
  readonly #owner: ServerLinkOwner;
  #draining = false;

  constructor(wire: Wire, exchanges: Exchanges, handler: RequestHandler, owner: ServerLinkOwner) {
    super(wire, owner);
    this.#exchanges = exchanges;
    this.#handler = handler;
    this.#owner = owner;
    this.start();
  }

  /** Takes up no more requests, and closes when the last one is over. */
  drain(): void {
    if (this.#draining || this.closed) return;
    this.#draining = true;
    this.goAway(this.lastStream, DRAINING);
  }

  /** Breaks off everything. */
  close(): void {
    if (this.closed) return;
    this.shut();
    this.wire.reset();
    this.onLost();
  }

  forget({ id }: ServerStream): void {
    this.streams.delete(id);
    if (this.#draining) this.flushSoon();
  }

  refused(code: FailureCode): void {
    this.#owner.refused(code);
  }

  protected override onRequest(
    id: number,
    flags: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): LinkViolation | undefined {
    if (id <= this.lastStream) return "STREAM_REUSED";
    this.lastStream = id;
    // The caller repeats elsewhere what is above the last stream of our GOAWAY.
    if (this.#draining) return undefined;
    if (this.streams.size >= OUR_SETTINGS.streams) return "TOO_MANY_STREAMS";
    if (parseRequestHead(head, bytes, start, end, HEAD_LIMITS) === end) this.#open(id, flags);
    else this.#refuse(id);
    if (this.#handler.closing) this.drain();
    return undefined;
  }

  protected override onResponse(): LinkViolation {
    return "UNEXPECTED_FRAME";
  }

  /** Callers say so before they close. */
  protected override onGoAway(_last: number, reason: string): void {
    if (reason === DRAINING) return;
    this.shut();
    this.onLost();
  }

  protected override onSettings(): void {
    // Streams take what they need from the settings when they begin.
  }

  protected override onLost(): void {
    for (const stream of [...this.streams.values()]) stream.abandon();
  }

  protected override onFlushed(): void {
    if (this.#draining && this.streams.size === 0 && this.outbox.isEmpty) this.shut();
  }

  #open(id: number, flags: number): void {
    const stream = new ServerStream(this, id, this.settings?.window ?? 0, head);
    this.streams.set(id, stream);
    stream.attach(this.#exchanges.open(head, stream, this.#handler, (flags & FLAG.HTTP2) !== 0));
    if ((flags & FLAG.END) === 0) this.begin(id, stream.receiver);
    else stream.onData(NO_TRAILERS, 0, 0, NO_TRAILERS);
  }

  /** `violation` is undefined when the head was no whole head, or more than one. */
  #refuse(id: number): void {
    const { code } = describeViolation(head.violation);
    this.#owner.refused(code);
    this.reset(id, code);
  }
}
