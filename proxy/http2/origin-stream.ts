// A request's try on a stream of an HTTP/2 connection to a destination.
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import {
  type Ending,
  NO_TRAILERS,
  type OutgoingRequest,
  type RequestStream,
  type StreamListener,
  type Trailers,
} from "../http/streams.ts";
import { FRAMING, MAX_FIELDS, METHOD, MessageHead, type Method } from "../http1/message-head.ts";
import { parseRequestHead } from "../http1/parse-request.ts";
import { HEAD_LIMITS } from "../http1/violation.ts";
import { cancelStream } from "./break-off.ts";
import {
  appendFields,
  DROPPED_FROM_REQUESTS,
  type FieldPairs,
  readTrailers,
  trailerObject,
} from "./field-pairs.ts";
import { readResponseFields } from "./head-text.ts";
import { FLAG_END_STREAM, NO_ERROR, REFUSED_STREAM } from "./node-http2.ts";
import { PeerEnd } from "./peer-end.ts";

/** RFC 9113 §6.2. */
const HEADERS_FRAME = 0x01;
/** Interim responses to one request; a destination that sends more is broken. */
const MAX_INTERIM = 8;
/** What was accepted once and has gained a few lines of ours. */
const OWN_LIMITS = {
  ...HEAD_LIMITS,
  head: 2 * HEAD_LIMITS.head,
  line: 2 * HEAD_LIMITS.line,
  fields: MAX_FIELDS,
};
const NOTHING = Buffer.alloc(0);

/** Shared by all: a head is used up before the call that read it returns. */
const head = new MessageHead();

/** The connection, as its streams see it. */
export interface OriginConnection {
  readonly session: ClientHttp2Session;
  readonly scheme: "http" | "https";
  /** Whether the connection itself ends, or is gone. */
  readonly closing: boolean;
  /** Whether the peer has said that it did not take up the stream. */
  refuses(stream: number): boolean;
  /** A stream is over. */
  release(): void;
}

export class OriginStream implements RequestStream {
  readonly ready = true;
  readonly #connection: OriginConnection;
  /** Whether there were streams on the connection before. */
  readonly #reused: boolean;
  /** Gone after a final call, or when nobody is interested. */
  #listener: StreamListener | undefined;
  #stream: ClientHttp2Stream | undefined;
  #method: Method = METHOD.OTHER;
  #requestTrailers: Trailers = NO_TRAILERS;
  #responseTrailers: Trailers = NO_TRAILERS;
  #interim = 0;
  #responding = false;
  #peerEnd: PeerEnd | undefined;
  /** Whether the request was held back, since the peer wants no more streams or cannot take so long a head. */
  #heldBack = false;

  constructor(connection: OriginConnection, listener: StreamListener, reused: boolean) {
    this.#connection = connection;
    this.#listener = listener;
    this.#reused = reused;
  }

  send(request: OutgoingRequest): boolean {
    const { bytes, headEnd, bodyEnd, ending, framing } = request;
    const endStream = headEnd === bodyEnd && ending?.length === 0;
    const waitForTrailers = framing === FRAMING.CHUNKED && !endStream;
    this.#method = request.method;
    const stream = this.#connection.session.request(
      requestPairs(request, this.#connection.scheme),
      { endStream, waitForTrailers },
    );
    this.#stream = stream;
    this.#peerEnd = new PeerEnd(stream, false);
    this.#listen(stream);
    return endStream || this.data(bytes, headEnd, bodyEnd, ending);
  }

  data(bytes: Buffer, start: number, end: number, ending: Ending): boolean {
    const stream = this.#stream;
    if (stream === undefined || stream.writableEnded) return true;
    const room = start === end || stream.write(Buffer.from(bytes.subarray(start, end)));
    if (ending !== undefined) {
      this.#requestTrailers = ending;
      stream.end();
    }
    return room;
  }

  resume(): void {
    this.#stream?.resume();
  }

  abort(): void {
    this.#listener = undefined;
    if (this.#stream === undefined) this.#connection.release();
    else cancelStream(this.#stream);
  }

  #listen(stream: ClientHttp2Stream): void {
    stream
      .on("error", () => undefined)
      .on("drain", () => this.#listener?.onWritable())
      .on("wantTrailers", () => stream.sendTrailers(trailerObject(this.#requestTrailers)))
      .on("headers", (fields, _flags, pairs) => this.#onInterim(fields[":status"] ?? 0, pairs))
      .on("response", (_fields, flags, pairs) => this.#onResponse(stream, flags, pairs))
      .on("trailers", (_fields, _flags, pairs) => this.#onTrailers(pairs))
      .on("frameError", (type) => this.#onFrameError(stream, type))
      .on("close", () => this.#onClose(stream));
  }

  #onInterim(status: number, pairs: FieldPairs): void {
    if (this.#responding || status < 100 || status > 199) return;
    this.#interim += 1;
    const good = readResponseFields(head, pairs, true, this.#method);
    if (!good || this.#interim > MAX_INTERIM) this.#refuse();
    else this.#listener?.onInformation(head);
  }

  #onResponse(stream: ClientHttp2Stream, flags: number, pairs: FieldPairs): void {
    const ended = (flags & FLAG_END_STREAM) !== 0;
    this.#responding = true;
    if (!readResponseFields(head, pairs, ended, this.#method) || head.status === 101) {
      this.#refuse();
      return;
    }
    if (ended || head.framing === FRAMING.NONE) {
      stream.resume();
      this.#finish()?.onResponse(head, NOTHING, 0, 0, NO_TRAILERS);
      return;
    }
    const room = this.#listener?.onResponse(head, NOTHING, 0, 0, undefined);
    stream
      .on("data", (chunk: Buffer) => this.#onData(stream, chunk))
      .on("end", () => this.#onEnd(stream));
    if (room === false) stream.pause();
  }

  #onData(stream: ClientHttp2Stream, chunk: Buffer): void {
    if (this.#listener?.onData(chunk, 0, chunk.length, undefined) === false) stream.pause();
  }

  #onTrailers(pairs: FieldPairs): void {
    const trailers = readTrailers(pairs);
    if (trailers === undefined) this.#refuse();
    else this.#responseTrailers = trailers;
  }

  #onEnd(stream: ClientHttp2Stream): void {
    if (this.#peerEnd?.complete !== true || stream.rstCode !== NO_ERROR) return;
    this.#finish()?.onData(NOTHING, 0, 0, this.#responseTrailers);
  }

  /** The response is complete: nobody will send the rest of the request. Returns who is to hear of it. */
  #finish(): StreamListener | undefined {
    const listener = this.#listener;
    this.#listener = undefined;
    if (this.#stream?.writableEnded === false) cancelStream(this.#stream);
    return listener;
  }

  #onFrameError(stream: ClientHttp2Stream, type: number): void {
    if (type === HEADERS_FRAME && stream.sentTrailers === undefined) this.#heldBack = true;
  }

  #refuse(): void {
    const listener = this.#listener;
    this.abort();
    listener?.onFailed({ code: "RESPONSE_MALFORMED", sent: true, reused: false });
  }

  #onClose(stream: ClientHttp2Stream): void {
    this.#connection.release();
    const listener = this.#listener;
    this.#listener = undefined;
    if (listener === undefined) return;
    const sent = !this.#heldBack && this.#taken(stream);
    // The first stream of a connection counts as a try of its own, so that a peer that closes every one is not asked for ever.
    const reused = this.#reused && !this.#responding && this.#connection.closing;
    listener.onFailed({ code: "CONNECTION_LOST", sent, reused });
  }

  /** Whether the peer may have done something about the request (RFC 9113 §8.7). */
  #taken({ id, rstCode }: ClientHttp2Stream): boolean {
    if (id === undefined || rstCode === REFUSED_STREAM) return false;
    return !this.#connection.refuses(id);
  }
}

function requestPairs(request: OutgoingRequest, scheme: string): string[] {
  parseRequestHead(head, request.bytes, 0, request.headEnd, OWN_LIMITS);
  const method = [":method", head.methodText(), ":scheme", scheme];
  const pairs = [...method, ":authority", head.authorityText(), ":path", head.targetText()];
  appendFields(pairs, head, DROPPED_FROM_REQUESTS);
  if (request.http2 || head.acceptsTrailers) pairs.push("te", "trailers");
  return pairs;
}
