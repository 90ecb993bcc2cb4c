// The seam between the two halves of a request's way. A caller's side (an HTTP/1.1 connection, a link's stream, an HTTP/2
// stream) takes requests in and puts responses out; a destination's side does the opposite; the exchange between them
// decides, repeats and counts. Heads travel as HTTP/1.1 text, bodies as decoded bytes.
// Byte ranges are valid only during the call: whoever keeps them copies them. Nobody waits: a `false` answer means
// "enough for now", and whoever said it tells when there is room again.
import type { FailureCode, LocalAnswer } from "../failures.ts";
import type { Framing, MessageHead, Method } from "../http1/message-head.ts";
import type { Connection } from "../transport/connection.ts";

/** Field lines after a body, ready to be written (`name: value` CRLF each); {@link NO_TRAILERS} when there are none. */
export type Trailers = Buffer;
export const NO_TRAILERS: Trailers = Buffer.alloc(0);

/** The end of a body, with its trailers; undefined while there is more to come. */
export type Ending = Trailers | undefined;

/** A request on its way out, kept until its response begins so that it can be sent again. */
export interface OutgoingRequest {
  /** `bytes[0, headEnd)` is the whole head with its framing, as on an HTTP/1.1 connection to the destination. */
  readonly bytes: Buffer;
  readonly headEnd: number;
  /** `bytes[headEnd, bodyEnd)` is what is kept of the decoded body. */
  readonly bodyEnd: number;
  readonly method: Method;
  readonly framing: Framing;
  /** Of a body with {@link FRAMING.LENGTH}. */
  readonly contentLength: number;
  /** Defined when the kept body is the whole body. */
  readonly ending: Ending;
  readonly upgrade: boolean;
  readonly expectsContinue: boolean;
  /** Whether the caller spoke HTTP/2, so that trailers and an answer in parallel with the request are to be expected. */
  readonly http2: boolean;
}

/** Why a try failed. */
export interface StreamFailure {
  readonly code: FailureCode;
  /** Whether an application may have seen the request. */
  readonly sent: boolean;
  /** Whether a new connection may do better: this one was used before and may have been closing, or its peer wants it to end. */
  readonly reused: boolean;
}

/** A request's try at one destination. */
export interface RequestStream {
  /** Whether {@link send} may be called; `onReady` tells when it becomes so. */
  readonly ready: boolean;
  /** Sends the head and the kept body in one go; once, and only when ready. False: no more body until `onWritable`. */
  send(request: OutgoingRequest): boolean;
  /** Sends more of the body, after {@link send}. False: no more until `onWritable`. */
  data(bytes: Buffer, start: number, end: number, ending: Ending): boolean;
  /** The caller's side has room again after it answered false. */
  resume(): void;
  /** Nobody is interested any more, in response or failure: no further calls to the listener. */
  abort(): void;
}

/** What a request's try reports. After a final call (an ending, or `onFailed`) there is no other. */
export interface StreamListener {
  onReady(): void;
  onWritable(): void;
  /** An interim (1xx) response other than 101. */
  onInformation(head: MessageHead): void;
  /**
   * The response, with what has arrived of its body. `head.framing` says how the destination framed it; a 101 is followed
   * by the other protocol's bytes. False: no more data until `resume`.
   */
  onResponse(head: MessageHead, bytes: Buffer, start: number, end: number, ending: Ending): boolean;
  onData(bytes: Buffer, start: number, end: number, ending: Ending): boolean;
  onFailed(failure: StreamFailure): void;
}

/** Somewhere a request can be sent. Holds its connections. */
export interface Destination {
  readonly key: string;
  /** Whether it has said itself that its application ends, a moment ago. */
  readonly departing?: boolean;
  /**
   * Begins a try. The listener hears nothing before this has returned. `fresh`: over a new connection, since one that was
   * used before has just failed. `risky`: the request cannot be repeated, so that a connection which may be closing is
   * not for it.
   */
  open(listener: StreamListener, fresh: boolean, risky: boolean): RequestStream;
  /**
   * Opens a connection of its own for a byte stream. Rejects with a `DialError`, an `OverloadError` or the signal's reason.
   * Undefined where only requests go.
   */
  readonly dialStream?: ((signal: AbortSignal) => Promise<Connection>) | undefined;
  /** Closes what is idle now, and the rest when it is not in use any more. */
  retire(): void;
  /** Breaks off everything. */
  close(): void;
}

/** The caller's side of one exchange. */
export interface ResponseSink {
  /** An interim response. */
  inform(head: MessageHead): void;
  /** `closing`: the caller is to be told that its connection ends after this response. */
  respond(
    head: MessageHead,
    closing: boolean,
    bytes: Buffer,
    start: number,
    end: number,
    ending: Ending,
  ): boolean;
  data(bytes: Buffer, start: number, end: number, ending: Ending): boolean;
  /** Answers in place of a destination; breaks off when the response has begun already. */
  fail(answer: LocalAnswer): void;
  /** The destination has room for more of the request's body. */
  resumeRequest(): void;
}

/** A request as its caller's side sees it. */
export interface OpenExchange {
  /**
   * More of the request's body; the first call starts the exchange, also for requests without a body (whose ending comes
   * with it). False: no more until `resumeRequest`.
   */
  data(bytes: Buffer, start: number, end: number, ending: Ending): boolean;
  /** The caller's side has room again after it answered false. */
  resume(): void;
  /** The caller is gone, or its request broke off: the sink is not called any more. */
  abort(): void;
}
