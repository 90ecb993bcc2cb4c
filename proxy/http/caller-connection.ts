// A caller's HTTP/1.1 connection: requests in, responses out, strictly in turn. What is malformed is answered and the
// connection closed; what arrives behind a request waits until that one is answered.
import { FAILURES, type LocalAnswer } from "../failures.ts";
import { BodyReader } from "../http1/body-reader.ts";
import { holdsLineEnd } from "../http1/characters.ts";
import { METHOD, MessageHead } from "../http1/message-head.ts";
import { parseRequestHead } from "../http1/parse-request.ts";
import { HEAD_LIMITS, INCOMPLETE, REFUSED, type Violation } from "../http1/violation.ts";
import type { Expiring } from "../transport/deadlines.ts";
import type { Wire, WireOwner } from "../transport/wire.ts";
import type { CallerSurroundings } from "./caller-surroundings.ts";
import type { RequestHandler } from "./exchanges.ts";
import { describeViolation, type Refusal } from "./refusal.ts";
import { ResponseWriter, writeAnswer } from "./response-writer.ts";
import { type Ending, NO_TRAILERS, type OpenExchange, type ResponseSink } from "./streams.ts";

const HEAD = 0;
const BODY = 1;
/** The request is complete, its response is not. */
const ANSWER = 2;
/** The caller wants another protocol: its bytes wait for the 101. */
const UPGRADE = 3;
const TUNNEL = 4;
const CLOSED = 5;
type State =
  | typeof HEAD
  | typeof BODY
  | typeof ANSWER
  | typeof UPGRADE
  | typeof TUNNEL
  | typeof CLOSED;

/** The only interim response that asks for a body (RFC 9110 §15.2.1). */
const CONTINUE = 100;
const FOREVER: number = Number.POSITIVE_INFINITY;
const NOTHING = Buffer.alloc(0);
/** The caller took nothing of its response for too long. */
const UNREAD: Refusal = { code: "REQUEST_TIMEOUT", status: 0, text: "the response was not read" };

/** Shared by all: a head is used up before the call that read it returns. */
const head = new MessageHead();

export class CallerConnection implements WireOwner, ResponseSink, Expiring {
  deadline: number = FOREVER;
  readonly #wire: Wire;
  readonly #around: CallerSurroundings;
  readonly #handler: RequestHandler;
  readonly #body = new BodyReader();
  readonly #writer = new ResponseWriter();
  #state: State = HEAD;
  #exchange: OpenExchange | undefined;
  /** Bytes that wait: an incomplete head, or what came behind a request. */
  #stash: Buffer | undefined;
  #headBegun = false;
  #minor = 1;
  #headRequest = false;
  #persistent = true;
  #responding = false;
  /** The wire has more than the caller takes. */
  #blocked = false;
  #blockedBytes = 0;
  /** More of the request's body is wanted: it is the caller that lets the destination wait, not the other way round. */
  #wanted = false;
  /** The caller, or the destination of a tunnel, sends no more. */
  #ended = false;
  #answered = false;

  constructor(wire: Wire, around: CallerSurroundings, handler: RequestHandler) {
    this.#wire = wire;
    this.#around = around;
    this.#handler = handler;
    this.#waitFor(around.timeouts.idle);
    around.deadlines.add(this);
    wire.start(this);
  }

  onBytes(bytes: Buffer, end: number): void {
    const stash = this.#stash;
    if (stash === undefined) {
      this.#run(bytes, 0, end);
      return;
    }
    const joined = Buffer.concat([stash, bytes.subarray(0, end)]);
    // A head is read anew only when a line of it was completed: a caller that sends byte by byte costs no more than others.
    if (this.#state === HEAD && joined.length < HEAD_LIMITS.head && !holdsLineEnd(bytes, end)) {
      this.#stash = joined;
      return;
    }
    this.#stash = undefined;
    this.#run(joined, 0, joined.length);
  }

  onEnd(): void {
    this.#ended = true;
    switch (this.#state) {
      case TUNNEL:
        this.#exchange?.data(NOTHING, 0, 0, NO_TRAILERS);
        if (this.#answered) this.#wire.close();
        break;
      case ANSWER:
        this.#limit();
        break;
      default:
        this.#abort();
    }
  }

  onDrain(): void {
    this.#setBlocked(false);
    this.#limit();
    if (this.#exchange !== undefined) this.#exchange.resume();
    else if (this.#state === HEAD) this.#next();
  }

  onClose(): void {
    this.#around.deadlines.delete(this);
    this.#setBlocked(false);
    this.#leave();
  }

  expired(): void {
    const { timeouts } = this.#around;
    if (this.#blocked && this.#wire.pending < this.#blockedBytes) {
      this.#blockedBytes = this.#wire.pending;
      this.#waitFor(timeouts.write);
    } else if (this.#state === BODY || (this.#state === HEAD && this.#stash !== undefined)) {
      this.#giveUp();
    } else {
      if (this.#blocked) this.#handler.refused(UNREAD);
      this.#abort();
    }
  }

  inform(interim: MessageHead): void {
    // HTTP/1.0 knows no interim responses (RFC 9110 §15.2).
    if (this.#minor === 0) return;
    this.#writer.inform(this.#around.output, interim);
    this.#flush();
    if (interim.status === CONTINUE) this.#want(true);
  }

  respond(
    response: MessageHead,
    closing: boolean,
    bytes: Buffer,
    start: number,
    end: number,
    ending: Ending,
  ): boolean {
    const { output } = this.#around;
    this.#responding = true;
    // While the caller is still sending, its next request could not be told from the rest of this one (RFC 9112 §9.3).
    const keep = this.#persistent && !closing && this.#state === ANSWER;
    this.#persistent = this.#writer.begin(output, response, this.#minor, keep);
    this.#writer.body(output, bytes, start, end, ending);
    const room = this.#flush();
    if (response.status === 101) this.#openTunnel();
    else if (ending !== undefined) this.#finish();
    return room;
  }

  data(bytes: Buffer, start: number, end: number, ending: Ending): boolean {
    const { output } = this.#around;
    this.#writer.body(output, bytes, start, end, ending);
    const room = this.#flush();
    if (ending !== undefined) this.#finish();
    return room;
  }

  fail(answer: LocalAnswer): void {
    if (this.#responding) {
      this.#abort();
      return;
    }
    const { output } = this.#around;
    this.#persistent &&= this.#state === ANSWER && !this.#handler.closing;
    writeAnswer(output, answer, { keep: this.#persistent, withBody: !this.#headRequest });
    this.#flush();
    this.#finish();
  }

  resumeRequest(): void {
    this.#want(true);
    if (this.#state === BODY || this.#state === TUNNEL) this.#wire.resume();
  }

  #run(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && this.#state === HEAD && !this.#blocked) at = this.#readHead(bytes, at, end);
    if (at < end) this.#take(bytes, at, end);
  }

  /** Bytes that are not the beginning of a request. */
  #take(bytes: Buffer, start: number, end: number): void {
    switch (this.#state) {
      case BODY:
        this.#readBody(bytes, start, end);
        break;
      case TUNNEL:
        if (this.#exchange?.data(bytes, start, end, undefined) === false) this.#wire.pause();
        break;
      case CLOSED:
        break;
      default:
        this.#stash = Buffer.from(bytes.subarray(start, end));
        this.#wire.pause();
    }
  }

  /** Returns the first byte that it did not take. */
  #readHead(bytes: Buffer, start: number, end: number): number {
    const after = parseRequestHead(head, bytes, start, end, HEAD_LIMITS);
    if (after === INCOMPLETE) {
      if (!this.#headBegun) this.#waitFor(this.#around.timeouts.head);
      this.#headBegun = true;
      this.#stash = Buffer.from(bytes.subarray(start, end));
      return end;
    }
    if (after === REFUSED) {
      this.#refuse(head.violation);
      return end;
    }
    return this.#begin(bytes, after, end);
  }

  #begin(bytes: Buffer, start: number, end: number): number {
    this.#headBegun = false;
    this.#minor = head.minor;
    this.#headRequest = head.method === METHOD.HEAD;
    this.#persistent = head.persistent;
    this.#responding = false;
    const { upgrade, expectsContinue } = head;
    this.#body.begin(head.framing, head.contentLength);
    this.#exchange = this.#around.exchanges.open(head, this, this.#handler, false);
    if (upgrade) {
      this.#state = UPGRADE;
      this.deadline = FOREVER;
      this.#exchange.data(NOTHING, 0, 0, undefined);
      return start;
    }
    this.#state = BODY;
    const after = this.#readBody(bytes, start, end);
    // The body is only owed once the destination has asked for it.
    if (expectsContinue) this.#want(false);
    return after;
  }

  /** Returns the first byte behind the body. */
  #readBody(bytes: Buffer, start: number, end: number): number {
    const body = this.#body;
    const after = body.read(bytes, start, end);
    if (after === REFUSED) {
      this.#refuse(body.violation);
      return end;
    }
    const ending = body.done ? body.trailers : undefined;
    this.#wanted = !body.done;
    if (body.done) this.#state = ANSWER;
    this.#limit();
    const room = this.#exchange?.data(bytes, body.dataStart, body.dataEnd, ending);
    if (room === false && this.#state === BODY) {
      this.#want(false);
      this.#wire.pause();
    }
    return after;
  }

  /** The destination has agreed: from here on there are only bytes. */
  #openTunnel(): void {
    this.#state = TUNNEL;
    this.#persistent = false;
    const stash = this.#stash;
    this.#stash = undefined;
    const room = stash === undefined || this.#exchange?.data(stash, 0, stash.length, undefined);
    if (this.#ended) this.#exchange?.data(NOTHING, 0, 0, NO_TRAILERS);
    if (room !== false) this.#wire.resume();
  }

  /** The response is out. */
  #finish(): void {
    if (this.#state === TUNNEL) {
      this.#answered = true;
      // A wire that was ended does not tell that it is drained.
      this.#setBlocked(false);
      this.deadline = FOREVER;
      if (this.#ended) this.#wire.close();
      else this.#wire.end();
      return;
    }
    this.#responding = false;
    this.#exchange = undefined;
    const complete = this.#state === ANSWER;
    if (this.#persistent && complete && !this.#ended) {
      this.#state = HEAD;
      if (!this.#blocked) this.#next();
    } else {
      // What is still coming is thrown away for a moment: unread data would turn the close into a reset, which could
      // overtake the response (RFC 9112 §9.6).
      this.#state = CLOSED;
      this.#wire.close();
    }
  }

  /** Waits for the next request, which may have arrived already. */
  #next(): void {
    this.#waitFor(this.#around.timeouts.idle);
    if (this.#stash === undefined) this.#wire.resume();
    else setImmediate(() => this.#runStash());
  }

  #runStash(): void {
    const stash = this.#stash;
    if (stash === undefined || this.#state !== HEAD) return;
    this.#stash = undefined;
    this.#wire.resume();
    this.#run(stash, 0, stash.length);
  }

  #refuse(violation: Violation | undefined): void {
    this.#turnDown(describeViolation(violation));
  }

  /** The caller has not kept its part: an answer if there can be one, and the end of the connection. */
  #turnDown(refusal: Refusal): void {
    this.#handler.refused(refusal);
    this.#leave();
    if (this.#responding) {
      this.#abort();
      return;
    }
    const answer = { ...refusal, fields: "" };
    writeAnswer(this.#around.output, answer, { keep: false, withBody: true });
    this.#flush();
    this.#state = CLOSED;
    this.#wire.close();
  }

  #giveUp(): void {
    const { status, describe } = FAILURES.REQUEST_TIMEOUT;
    this.#turnDown({ code: "REQUEST_TIMEOUT", status, text: `docker-mesh: ${describe("")}\n` });
  }

  /** A response that the caller has not taken yet is not over, although its exchange may be. */
  #setBlocked(blocked: boolean): void {
    if (blocked === this.#blocked) return;
    this.#blocked = blocked;
    if (blocked) this.#around.drain.enter();
    else this.#around.drain.leave();
  }

  #flush(): boolean {
    const { output, timeouts } = this.#around;
    if (output.length > 0 && !this.#wire.send(output)) {
      this.#setBlocked(true);
      this.#blockedBytes = this.#wire.pending;
      this.#waitFor(timeouts.write);
    } else if (this.#ended) this.#limit();
    return !this.#blocked;
  }

  /** There is no answer any more, or no rest of it; what was sent must not look complete. */
  #abort(): void {
    const hidesCut = this.#state === TUNNEL || !this.#writer.showsCut;
    this.#leave();
    this.#state = CLOSED;
    if (this.#responding && hidesCut) this.#wire.reset();
    else this.#wire.close();
  }

  #leave(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.abort();
  }

  #want(more: boolean): void {
    if (this.#state !== BODY) return;
    this.#wanted = more;
    this.#limit();
  }

  /** How long a request in progress may wait for its caller; for one that takes nothing of the response it is set already. */
  #limit(): void {
    const { body, halfClosed } = this.#around.timeouts;
    if (this.#blocked) return;
    if (this.#state === BODY && this.#wanted) this.#waitFor(body);
    // The caller may have closed its sending side only; a closed connection looks the same until something is written.
    else if (this.#state === ANSWER && this.#ended) this.#waitFor(halfClosed);
    else this.deadline = FOREVER;
  }

  #waitFor(milliseconds: number): void {
    this.deadline = performance.now() + milliseconds;
  }
}
