// One request over a link, as the dialing side sees it: sent when there is room for it, and its response read as strictly as
// one that comes over HTTP/1.1. The peer's sidecar is authenticated, and its frames are still only claims.
import type { Linked } from "../../mesh/linked-list.ts";
import { FAILURES, type FailureCode, parseFailureCode } from "../failures.ts";
import {
  type Ending,
  NO_TRAILERS,
  type OutgoingRequest,
  type RequestStream,
  type StreamListener,
} from "../http/streams.ts";
import { METHOD, MessageHead, type Method } from "../http1/message-head.ts";
import { parseResponseHead } from "../http1/parse-response.ts";
import { HEAD_LIMITS } from "../http1/violation.ts";
import { ANY_LENGTH, ARRIVAL, BodyReceiver, type BodyTarget, bodyLength } from "./body-receiver.ts";
import { BodySender, type BodySource, type FrameSink, fitsFrame } from "./body-sender.ts";
import { CANCELLED, FLAG, FRAME, type LinkViolation, MAX_HEAD } from "./frames.ts";
import type { LinkStream, Wakeable } from "./link-end.ts";
import type { Outbox } from "./outbox.ts";
import type { Chained } from "./stream-table.ts";

/** Interim responses to one request; a peer that passes on more is broken. */
const MAX_INTERIM = 8;

/** The link as its streams need it. */
export interface ClientStreams extends FrameSink {
  /** Bytes that a new stream's body may use at first. */
  readonly streamWindow: number;
  /** Takes the stream up and gives it its id. */
  admit(stream: ClientStream): void;
  /** The stream is over, or never began. */
  forget(stream: ClientStream): void;
  reset(stream: number, code: string): void;
  wake(item: Wakeable): void;
  readonly outbox: Outbox;
}

/** Its request waits for its turn. */
const WAITING = 0;
/** It may be sent. */
const READY = 1;
/** It was. */
const OPEN = 2;
const OVER = 3;
type State = typeof WAITING | typeof READY | typeof OPEN | typeof OVER;

/** Shared by all: a head is used up before the call that read it, or that read the frame behind it, returns. */
const head = new MessageHead();

export class ClientStream
  implements
    RequestStream,
    LinkStream,
    BodyTarget,
    BodySource,
    Wakeable,
    Chained<ClientStream>,
    Linked<ClientStream>
{
  readonly sender: BodySender;
  readonly receiver: BodyReceiver;
  /** 0 until it is open. */
  id = 0;
  chained: ClientStream | undefined;
  previous: ClientStream | undefined;
  next: ClientStream | undefined;
  /** How many bytes its link had composed when its request was complete. */
  requestEnd = 0;
  /** Whether it counts, or counted, among those that may send. */
  wasReady = false;
  readonly #link: ClientStreams;
  #listener: StreamListener | undefined;
  #state: State = WAITING;
  #method: Method = METHOD.OTHER;
  #upgrade = false;
  #interim = 0;
  #responded = false;
  /** The listener has not been given the response's head yet. */
  #headPending = false;
  #tunnel = false;
  /** What it fails with at the end of the turn. */
  #failure: FailureCode | undefined;

  constructor(link: ClientStreams, listener: StreamListener) {
    this.#link = link;
    this.#listener = listener;
    this.sender = new BodySender(link, this);
    this.receiver = new BodyReceiver(link, this);
  }

  get ready(): boolean {
    return this.#state === READY;
  }

  /** Whether its whole response is here, taken or not. */
  get hasArrived(): boolean {
    return this.receiver.ended && !this.#tunnel;
  }

  /** The request may be sent from now on. */
  makeReady(): void {
    this.#state = READY;
    this.wasReady = true;
  }

  /** What {@link makeReady} did is news. */
  tellReady(): void {
    this.#listener?.onReady();
  }

  send(request: OutgoingRequest): boolean {
    if (this.#state !== READY) return true;
    const { bytes, headEnd, bodyEnd, upgrade } = request;
    // Of an upgrade only what follows the switch can end.
    const ending = upgrade ? undefined : request.ending;
    if (headEnd > MAX_HEAD || !fitsFrame(ending)) {
      this.failLater("REQUEST_TOO_LARGE");
      return true;
    }
    this.#method = request.method;
    this.#upgrade = upgrade;
    this.#state = OPEN;
    this.#link.admit(this);
    const { id } = this;
    this.sender.begin(id, this.#link.streamWindow);
    // As much of the body as is there goes with the head.
    const sent = this.sender.spend(bodyEnd - headEnd) ? bodyEnd : headEnd;
    const isWhole = ending !== undefined && ending.length === 0 && sent === bodyEnd;
    const flags = (isWhole ? FLAG.END : 0) | (request.http2 ? FLAG.HTTP2 : 0);
    this.#link.frame(FRAME.REQUEST, flags, id, sent).append(bytes, 0, sent);
    this.requestEnd = this.#link.outbox.composed;
    if (isWhole) {
      this.sender.end();
      return true;
    }
    return this.sender.send(bytes, sent, bodyEnd, ending);
  }

  data(bytes: Buffer, start: number, end: number, ending: Ending): boolean {
    if (this.#state !== OPEN) return true;
    if (fitsFrame(ending)) return this.sender.send(bytes, start, end, ending);
    this.#reset(CANCELLED);
    // Not as too large: that would say that no application can have seen it.
    this.failLater("CONNECTION_LOST");
    return true;
  }

  resume(): void {
    if (this.receiver.resume()) this.#link.wake(this);
  }

  abort(): void {
    this.#listener = undefined;
    this.#reset(CANCELLED);
    this.#leave();
  }

  /** Fails it at the end of the turn. */
  failLater(code: FailureCode): void {
    this.#leave();
    this.#failure = code;
    this.#link.wake(this);
  }

  /** Fails it now. It is over for its link already. */
  fail(code: FailureCode, sent: boolean, reused: boolean): void {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#leave();
    listener?.onFailed({ code, sent, reused });
  }

  onWake(): void {
    if (this.#failure !== undefined) this.fail(this.#failure, this.id !== 0, false);
    else if (this.#state === OPEN) this.#deliverHeld();
  }

  /** A response's head has come. */
  onResponse(bytes: Buffer, start: number, end: number, flags: number): LinkViolation | undefined {
    if (this.#responded) return "UNEXPECTED_FRAME";
    const after = parseResponseHead(head, bytes, start, end, HEAD_LIMITS, this.#method);
    const isInterim = head.status < 200 && head.status !== 101;
    const isMalformed = after < 0 || (isInterim && after !== end);
    if (isMalformed || (head.status === 101 && !this.#upgrade)) this.onMalformed();
    else if (isInterim) this.#inform();
    else return this.#begin(bytes, after, end, flags);
    return undefined;
  }

  onData(bytes: Buffer, start: number, end: number, ending: Ending): LinkViolation | undefined {
    if (!this.#responded || this.receiver.ended) return "UNEXPECTED_FRAME";
    const arrival = this.receiver.arrive(bytes, start, end, ending);
    if (arrival === ARRIVAL.BEYOND_WINDOW) return "WINDOW_EXCEEDED";
    if (arrival === ARRIVAL.WRONG_LENGTH) this.onMalformed();
    else this.#settle();
    return undefined;
  }

  onMalformed(): void {
    this.#reset("RESPONSE_MALFORMED");
    this.fail("RESPONSE_MALFORMED", true, false);
  }

  onReset(code: string): void {
    const failure = parseFailureCode(code) ?? "CONNECTION_LOST";
    this.fail(failure, this.#responded || !FAILURES[failure].neverReached, false);
  }

  onRoom(): void {
    this.#listener?.onWritable();
  }

  onSent(): void {
    this.#settle();
  }

  deliver(bytes: Buffer, start: number, end: number, ending: Ending): boolean {
    const listener = this.#listener;
    if (listener === undefined) return true;
    if (ending !== undefined && !this.#tunnel) this.#listener = undefined;
    if (!this.#headPending) return listener.onData(bytes, start, end, ending);
    this.#headPending = false;
    return listener.onResponse(head, bytes, start, end, ending);
  }

  #inform(): void {
    this.#interim += 1;
    if (this.#interim > MAX_INTERIM) this.onMalformed();
    else this.#listener?.onInformation(head);
  }

  /** What follows the head in its frame is of the body. */
  #begin(bytes: Buffer, start: number, end: number, flags: number): LinkViolation | undefined {
    this.#responded = true;
    this.#headPending = true;
    this.#tunnel = head.status === 101;
    this.receiver.begin(this.id, this.#tunnel ? ANY_LENGTH : bodyLength(head));
    const ending = (flags & FLAG.END) === 0 ? undefined : NO_TRAILERS;
    if (start < end || ending !== undefined) return this.onData(bytes, start, end, ending);
    this.receiver.deliverNothing();
    return undefined;
  }

  #deliverHeld(): void {
    this.receiver.deliverHeld();
    this.#settle();
  }

  /** After the response nobody wants the rest of the request; a tunnel has two ends. */
  #settle(): void {
    if (this.#state !== OPEN || !this.receiver.done) return;
    if (!this.sender.ended) {
      if (this.#tunnel) return;
      this.#reset(CANCELLED);
    }
    this.#leave();
  }

  #reset(code: string): void {
    if (this.#state === OPEN) this.#link.reset(this.id, code);
  }

  #leave(): void {
    if (this.#state === OVER) return;
    this.#state = OVER;
    this.sender.end();
    this.receiver.release();
    this.#link.forget(this);
  }
}
