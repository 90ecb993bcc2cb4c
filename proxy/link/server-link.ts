// The accepting side of a link: every request on it becomes an exchange, as if it came over a connection of its own.
import type { Exchanges, RequestHandler } from "../http/exchanges.ts";
import { describeViolation, type Refusal } from "../http/refusal.ts";
import { NO_TRAILERS } from "../http/streams.ts";
import { MessageHead } from "../http1/message-head.ts";
import { parseRequestHead } from "../http1/parse-request.ts";
import { HEAD_LIMITS } from "../http1/violation.ts";
import type { Wire } from "../transport/wire.ts";
import { DEPARTING, DRAINING, FLAG, LAST_STREAM_ID, type LinkViolation } from "./frames.ts";
import { LinkEnd, type LinkObserver } from "./link-end.ts";
import { ServerStream, type ServerStreams } from "./server-stream.ts";
import { OUR_SETTINGS } from "./settings.ts";

/** Shared by all: a head is used up before the call that read it returns. */
const head = new MessageHead();

/** Serves the requests that come over the wire. */
export function serveLink(
  wire: Wire,
  exchanges: Exchanges,
  handler: RequestHandler,
  observer: LinkObserver,
): ServerLink {
  return new ServerLink(wire, exchanges, handler, observer);
}

export class ServerLink extends LinkEnd<ServerStream> implements ServerStreams {
  readonly #exchanges: Exchanges;
  readonly #handler: RequestHandler;
  /** The reason with which its caller was sent away. */
  #sentAway: string | undefined;

  constructor(wire: Wire, exchanges: Exchanges, handler: RequestHandler, observer: LinkObserver) {
    super(wire, observer);
    this.#exchanges = exchanges;
    this.#handler = handler;
    this.start();
  }

  /**
   * Sends the caller away. What it has on this link, or on its way, is still served: there may be nobody else to do it. The
   * caller closes the link when its last request is over. `departing`: it had better not come back either.
   */
  drain(departing: boolean): void {
    const reason = departing ? DEPARTING : DRAINING;
    const isNews = this.#sentAway === undefined || (departing && this.#sentAway !== reason);
    if (!isNews || this.closed) return;
    this.#sentAway = reason;
    this.goAway(LAST_STREAM_ID, reason);
  }

  /** Breaks off everything. */
  close(): void {
    if (this.closed) return;
    this.shut();
    this.wire.reset();
    this.onLost();
  }

  forget(stream: ServerStream): void {
    this.streams.delete(stream);
  }

  refused(refusal: Refusal): void {
    this.#handler.refused(refusal);
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
    if (this.streams.size >= OUR_SETTINGS.streams) return "TOO_MANY_STREAMS";
    const after = parseRequestHead(head, bytes, start, end, HEAD_LIMITS);
    if (after < 0) this.#refuse(id);
    const violation = after < 0 ? undefined : this.#open(id, flags, bytes, after, end);
    if (this.#handler.closing) this.drain(this.#handler.departing === true);
    return violation;
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
    for (const stream of this.streams.values()) stream.abandon();
  }

  protected override onFlushed(): void {
    // When a link ends is up to its caller.
  }

  /** What follows the head in its frame is of the body. */
  #open(
    id: number,
    flags: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): LinkViolation | undefined {
    const stream = new ServerStream(this, id, this.settings?.window ?? 0, head);
    this.streams.add(stream);
    stream.attach(this.#exchanges.open(head, stream, this.#handler, (flags & FLAG.HTTP2) !== 0));
    const ending = (flags & FLAG.END) === 0 ? undefined : NO_TRAILERS;
    if (start < end || ending !== undefined) return stream.onData(bytes, start, end, ending);
    stream.receiver.deliverNothing();
    return undefined;
  }

  /** `violation` is undefined when the head was not whole. */
  #refuse(id: number): void {
    const refusal = describeViolation(head.violation);
    this.#handler.refused(refusal);
    this.reset(id, refusal.code);
  }
}
