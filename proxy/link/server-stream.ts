// One request over a link, as the accepting side sees it: the caller's side of an exchange. The request was read and will be
// judged as if it came from anybody; the response is framed anew for the way back.
import { FAILURES, type FailureCode, type LocalAnswer } from "../failures.ts";
import type { Refusal } from "../http/refusal.ts";
import { writeAnswer } from "../http/response-writer.ts";
import { type Ending, NO_TRAILERS, type OpenExchange, type ResponseSink } from "../http/streams.ts";
import { FRAMING, METHOD, type MessageHead } from "../http1/message-head.ts";
import {
  CONNECTION,
  type ResponseEdit,
  responseHeadRoom,
  writeResponseHead,
} from "../http1/write-head.ts";
import { ARRIVAL, BodyReceiver, type BodyTarget, bodyLength } from "./body-receiver.ts";
import { BodySender, type BodySource, type FrameSink, fitsFrame } from "./body-sender.ts";
import {
  FLAG,
  FRAME,
  HEADER_SIZE,
  type LinkViolation,
  MAX_HEAD,
  writeFrameHeader,
} from "./frames.ts";
import type { LinkStream, Wakeable } from "./link-end.ts";
import type { Outbox } from "./outbox.ts";
import type { Chained } from "./stream-table.ts";

/** More than the lines of an answer take beside its fields and its text. */
const ANSWER_ROOM = 512;

/** The link as its streams need it. */
export interface ServerStreams extends FrameSink {
  readonly outbox: Outbox;
  /** Must follow whatever is added to the outbox. */
  composed(): void;
  reset(stream: number, code: string): void;
  wake(item: Wakeable): void;
  /** The stream is over. */
  forget(stream: ServerStream): void;
  /** A request broke off because of what it was. */
  refused(refusal: Refusal): void;
}

const WRONG_BODY: Refusal = {
  code: "REQUEST_MALFORMED",
  status: 0,
  text: "the body has another length than its head says",
};

/** Filled anew for each response and read only while its head is written. */
const edit: { -readonly [Name in keyof ResponseEdit]: ResponseEdit[Name] } = {
  connection: CONNECTION.NONE,
  framing: FRAMING.NONE,
};

export class ServerStream
  implements ResponseSink, LinkStream, BodyTarget, BodySource, Wakeable, Chained<ServerStream>
{
  readonly sender: BodySender;
  readonly receiver: BodyReceiver;
  readonly id: number;
  chained: ServerStream | undefined;
  readonly #link: ServerStreams;
  #exchange: OpenExchange | undefined;
  #tunnel = false;
  readonly #headRequest: boolean;
  #responded = false;
  /** The exchange cannot go on, and is told at the end of the turn. */
  #broken = false;
  #over = false;

  constructor(link: ServerStreams, id: number, window: number, head: MessageHead) {
    this.#link = link;
    this.id = id;
    this.#headRequest = head.method === METHOD.HEAD;
    this.sender = new BodySender(link, this);
    this.receiver = new BodyReceiver(link, this);
    this.sender.begin(id, window);
    this.receiver.begin(id, bodyLength(head));
  }

  attach(exchange: OpenExchange): void {
    this.#exchange = exchange;
  }

  /** The caller has given the request up, or the link is lost. */
  abandon(): void {
    const exchange = this.#exchange;
    this.#leave();
    exchange?.abort();
  }

  inform(head: MessageHead): void {
    if (!this.#over) this.#composeHead(head, 0, NO_TRAILERS, 0, 0);
  }

  respond(
    head: MessageHead,
    // The link as a whole is drained then: the caller's own connection need not end for it.
    _closing: boolean,
    bytes: Buffer,
    start: number,
    end: number,
    ending: Ending,
  ): boolean {
    if (this.#over) return true;
    this.#responded = true;
    if (head.status === 101) this.#openTunnel();
    // As much of the body as is there goes with the head.
    const sent = this.sender.spend(end - start) ? end : start;
    const isWhole = sent === end && ending !== undefined && ending.length === 0;
    const flags = isWhole ? FLAG.END : 0;
    if (!this.#composeHead(head, flags, bytes, start, sent)) {
      this.#break("RESPONSE_MALFORMED");
      return true;
    }
    if (!isWhole) return this.data(bytes, sent, end, ending);
    this.#answer();
    this.sender.end();
    this.#settle();
    return true;
  }

  data(bytes: Buffer, start: number, end: number, ending: Ending): boolean {
    if (this.#over) return true;
    if (!fitsFrame(ending)) {
      this.#break("RESPONSE_MALFORMED");
      return true;
    }
    if (ending !== undefined) this.#answer();
    return this.sender.send(bytes, start, end, ending);
  }

  /** What a failure means is up to the caller's exchange: whether to try elsewhere, what to answer. */
  fail(answer: LocalAnswer): void {
    if (this.#over) return;
    const { code, status } = answer;
    const isPlain = code === undefined || FAILURES[code].status !== status;
    if (isPlain && !this.#responded) this.#composeAnswer(answer);
    else this.#link.reset(this.id, code ?? "CONNECTION_LOST");
    this.#leave();
  }

  resumeRequest(): void {
    if (this.receiver.resume()) this.#link.wake(this);
  }

  onWake(): void {
    if (this.#broken) this.abandon();
    else if (!this.#over) this.receiver.deliverHeld();
    this.#settle();
  }

  onData(bytes: Buffer, start: number, end: number, ending: Ending): LinkViolation | undefined {
    if (this.receiver.ended) return "UNEXPECTED_FRAME";
    const arrival = this.receiver.arrive(bytes, start, end, ending);
    if (arrival === ARRIVAL.BEYOND_WINDOW) return "WINDOW_EXCEEDED";
    if (arrival === ARRIVAL.WRONG_LENGTH) this.onMalformed();
    else this.#settle();
    return undefined;
  }

  onMalformed(): void {
    this.#link.refused(WRONG_BODY);
    this.#link.reset(this.id, "REQUEST_MALFORMED");
    this.abandon();
  }

  onReset(): void {
    this.abandon();
  }

  onRoom(): void {
    this.#exchange?.resume();
  }

  onSent(): void {
    this.#settle();
  }

  deliver(bytes: Buffer, start: number, end: number, ending: Ending): boolean {
    return this.#exchange?.data(bytes, start, end, ending) ?? true;
  }

  #openTunnel(): void {
    this.#tunnel = true;
    this.receiver.becomeTunnel();
  }

  /** With its whole answer the exchange is over: what the caller is still sending it will soon give up. */
  #answer(): void {
    if (this.#tunnel) return;
    this.#exchange = undefined;
    this.receiver.release();
  }

  /** False when the head does not fit into a frame. */
  #composeHead(
    head: MessageHead,
    flags: number,
    body: Buffer,
    bodyStart: number,
    bodyEnd: number,
  ): boolean {
    const { outbox } = this.#link;
    const bodySize = bodyEnd - bodyStart;
    const output = outbox.room(HEADER_SIZE + responseHeadRoom(head) + bodySize);
    const { bytes, length: at } = output;
    const { framing } = head;
    // That the destination closes is not how the end is told here.
    edit.framing = framing === FRAMING.UNTIL_CLOSE ? FRAMING.CHUNKED : framing;
    edit.connection = head.status === 101 ? CONNECTION.UPGRADE : CONNECTION.NONE;
    const start = at + HEADER_SIZE;
    const headSize = writeResponseHead(bytes, start, head, edit) - start;
    if (headSize > MAX_HEAD) return false;
    if (bodySize > 0) body.copy(bytes, start + headSize, bodyStart, bodyEnd);
    const size = headSize + bodySize;
    writeFrameHeader(bytes, at, FRAME.RESPONSE, flags, this.id, size);
    outbox.add(output, HEADER_SIZE + size);
    this.#link.composed();
    return true;
  }

  /** An answer of the mesh that is no failure which the caller's side knows by its code. */
  #composeAnswer(answer: LocalAnswer): void {
    const { outbox } = this.#link;
    const room = HEADER_SIZE + ANSWER_ROOM + answer.fields.length + Buffer.byteLength(answer.text);
    const output = outbox.room(room);
    const at = output.length;
    output.length += HEADER_SIZE;
    writeAnswer(output, answer, { keep: true, withBody: !this.#headRequest });
    const size = output.length - at - HEADER_SIZE;
    output.length = at;
    writeFrameHeader(output.bytes, at, FRAME.RESPONSE, FLAG.END, this.id, size);
    outbox.add(output, HEADER_SIZE + size);
    this.#link.composed();
  }

  /** The response cannot be passed on. Its exchange is in the middle of giving it, and is told afterwards. */
  #break(code: FailureCode): void {
    this.#link.reset(this.id, code);
    this.#broken = true;
    this.sender.end();
    this.#link.wake(this);
  }

  #settle(): void {
    const { ended, done } = this.receiver;
    if (this.sender.ended && ended && done && !this.#broken) this.#leave();
  }

  #leave(): void {
    if (this.#over) return;
    this.#over = true;
    this.#exchange = undefined;
    this.sender.end();
    this.receiver.release();
    this.#link.forget(this);
  }
}
