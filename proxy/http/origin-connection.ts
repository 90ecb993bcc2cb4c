// A kept HTTP/1.1 connection to a destination: one request at a time, its response read as strictly as a request.
// It is used again only when nothing of the last exchange can still be on its way.
import { FAILURE_FIELD, FAILURES, type FailureCode, parseFailureCode } from "../failures.ts";
import { BodyReader } from "../http1/body-reader.ts";
import { FRAMING, type Framing, METHOD, MessageHead, type Method } from "../http1/message-head.ts";
import { parseResponseHead } from "../http1/parse-response.ts";
import { HEAD_LIMITS, INCOMPLETE, REFUSED } from "../http1/violation.ts";
import type { Deadlines, Expiring } from "../transport/deadlines.ts";
import { OUTPUT_SIZE, type Output } from "../transport/output.ts";
import type { Wire, WireOwner } from "../transport/wire.ts";
import { SILENCE } from "./shared-look.ts";
import {
  type Ending,
  NO_TRAILERS,
  type OutgoingRequest,
  type RequestStream,
  type StreamListener,
} from "./streams.ts";
import { writeBody } from "./write-body.ts";

/** Interim responses to one request; a destination that sends more is broken (hazard: endless 1xx). */
const MAX_INTERIM = 8;
/** A head leaves together with what is kept of its body, unless both are so large that an output has no room for framing. */
const MOST_TOGETHER = OUTPUT_SIZE - 16_384;

/** What a connection needs of the pool it belongs to. */
export interface OriginPool {
  readonly output: Output;
  readonly deadlines: Deadlines;
  /** Milliseconds an idle connection is kept. */
  readonly idleTimeout: number;
  /** Takes a connection back that may be used again; false when it should close. */
  release(connection: OriginConnection): boolean;
  /** The connection is closed. */
  forget(connection: OriginConnection): void;
  /** Whether the destination's address still answers; undefined where the kernel itself says when nobody is there. */
  readonly answers: (() => Promise<boolean>) | undefined;
  /** The peer has ended a connection that it could have kept. */
  onEnded(): void;
  /** The code for a connection that the peer ended without having read anything. */
  explainLoss(connection: OriginConnection): FailureCode;
}

const IDLE = 0;
const HEAD = 1;
const BODY = 2;
const TUNNEL = 3;
type State = typeof IDLE | typeof HEAD | typeof BODY | typeof TUNNEL;

/** Shared by all: a head is used up before the call that delivered it returns. */
const head = new MessageHead();
const NOTHING = Buffer.alloc(0);

export class OriginConnection implements RequestStream, WireOwner, Expiring {
  readonly ready = true;
  readonly wire: Wire;
  deadline: number = Number.POSITIVE_INFINITY;
  /** When it became idle, ms. */
  idleSince = 0;
  readonly #pool: OriginPool;
  readonly #body = new BodyReader();
  #listener: StreamListener | undefined;
  #state: State = IDLE;
  #stash: Buffer | undefined;
  #method: Method = METHOD.OTHER;
  #framing: Framing = FRAMING.NONE;
  #requestComplete = false;
  #untilClose = false;
  #persistent = true;
  #interim = 0;
  #used = false;
  #blocked = false;

  constructor(wire: Wire, pool: OriginPool) {
    this.wire = wire;
    this.#pool = pool;
    pool.deadlines.add(this);
    wire.start(this);
  }

  /** Whether it has served a request before the one it serves now. */
  get used(): boolean {
    return this.#used;
  }

  /** Reserves it for one request. */
  begin(listener: StreamListener): this {
    this.#listener = listener;
    this.deadline = Number.POSITIVE_INFINITY;
    return this;
  }

  send(request: OutgoingRequest): boolean {
    const { output, answers } = this.#pool;
    this.#state = HEAD;
    this.#method = request.method;
    this.#framing = request.framing;
    this.#persistent = !request.upgrade;
    this.#interim = 0;
    if (answers !== undefined) this.deadline = performance.now() + SILENCE;
    output.append(request.bytes, 0, request.headEnd);
    if (request.bodyEnd > MOST_TOGETHER) this.#flush(undefined);
    this.#compose(request.bytes, request.headEnd, request.bodyEnd, request.ending);
    return this.#flush(request.ending);
  }

  data(bytes: Buffer, start: number, end: number, ending: Ending): boolean {
    this.#compose(bytes, start, end, ending);
    return this.#flush(ending);
  }

  resume(): void {
    this.wire.resume();
  }

  abort(): void {
    this.#listener = undefined;
    this.wire.reset();
  }

  onBytes(bytes: Buffer, end: number): void {
    const stash = this.#stash;
    if (stash === undefined) {
      this.#read(bytes, end);
      return;
    }
    this.#stash = undefined;
    const joined = Buffer.concat([stash, bytes.subarray(0, end)]);
    this.#read(joined, joined.length);
  }

  onEnd(): void {
    const listener = this.#listener;
    if (this.#state === TUNNEL && listener !== undefined) {
      listener.onData(NOTHING, 0, 0, NO_TRAILERS);
      if (this.#requestComplete) this.wire.close();
    } else if (this.#state === BODY && this.#untilClose) {
      this.#persistent = false;
      this.#finish()?.onData(NOTHING, 0, 0, NO_TRAILERS);
    } else {
      this.#pool.onEnded();
      this.wire.close();
      this.#lose();
    }
  }

  onDrain(): void {
    this.#blocked = false;
    this.#listener?.onWritable();
  }

  onClose(): void {
    this.#pool.deadlines.delete(this);
    this.#pool.forget(this);
    if (this.#listener !== undefined && this.#state !== TUNNEL) this.#pool.onEnded();
    this.#lose();
  }

  expired(): void {
    if (this.#listener === undefined) this.wire.close();
    else void this.#look(this.#listener);
  }

  /** Waits for its next request. */
  rest(): void {
    this.idleSince = performance.now();
    this.deadline = this.idleSince + this.#pool.idleTimeout;
    if (!this.#pool.release(this)) this.wire.close();
  }

  #compose(bytes: Buffer, start: number, end: number, ending: Ending): void {
    const framing = this.#state === TUNNEL ? FRAMING.NONE : this.#framing;
    writeBody(this.#pool.output, framing, bytes, start, end, ending);
  }

  #flush(ending: Ending): boolean {
    const { output } = this.#pool;
    if (output.length > 0 && !this.wire.send(output)) this.#blocked = true;
    if (ending !== undefined) {
      this.#requestComplete = true;
      if (this.#state === TUNNEL) this.wire.end();
    }
    return !this.#blocked;
  }

  #read(bytes: Buffer, end: number): void {
    let at = 0;
    while (this.#state === HEAD && at >= 0) at = this.#readHead(bytes, at, end);
    if (at < 0 || at >= end) return;
    // The peer speaks without being asked, or said more than its framing allows: nothing it says can be believed.
    if (this.#state === IDLE) this.wire.close();
    else if (this.#state === TUNNEL) this.#deliver(bytes, at, end, undefined);
    else this.#readBody(bytes, at, end);
  }

  /** Returns where the next head or the body begins; negative when all has been dealt with. */
  #readHead(bytes: Buffer, start: number, end: number): number {
    const after = parseResponseHead(head, bytes, start, end, HEAD_LIMITS, this.#method);
    if (after === INCOMPLETE) {
      this.#stash = Buffer.from(bytes.subarray(start, end));
      return -1;
    }
    if (after === REFUSED) return this.#refuse();
    if (head.status < 200 && head.status !== 101) {
      this.#interim += 1;
      if (this.#interim > MAX_INTERIM) return this.#refuse();
      this.#listener?.onInformation(head);
      return after < end ? after : -1;
    }
    if (head.status === 101) this.#switch(bytes, after, end);
    else this.#beginBody(bytes, after, end);
    return -1;
  }

  /** A destination may only switch when it was asked to. */
  #switch(bytes: Buffer, start: number, end: number): void {
    if (this.#persistent) {
      this.#refuse();
      return;
    }
    this.#state = TUNNEL;
    this.deadline = Number.POSITIVE_INFINITY;
    if (this.#listener?.onResponse(head, bytes, start, end, undefined) === false) this.wire.pause();
  }

  #beginBody(bytes: Buffer, start: number, end: number): void {
    const body = this.#body;
    this.#state = BODY;
    this.deadline = Number.POSITIVE_INFINITY;
    if (!head.persistent) this.#persistent = false;
    this.#untilClose = head.framing === FRAMING.UNTIL_CLOSE;
    body.begin(head.framing, head.contentLength);
    const after = body.read(bytes, start, end);
    if (after === REFUSED) {
      this.#refuse();
      return;
    }
    if (after < end) this.#persistent = false;
    const { dataStart, dataEnd } = body;
    const ending = body.done ? body.trailers : undefined;
    const failure = this.#failureOf();
    if (failure !== undefined) {
      this.#failWith(failure, body.done);
      return;
    }
    const listener = body.done ? this.#finish() : this.#listener;
    const room = listener?.onResponse(head, bytes, dataStart, dataEnd, ending);
    if (room === false && ending === undefined) this.wire.pause();
  }

  /** The failure that an authenticated sidecar gives for an answer: what to do about it is up to the exchange. */
  #failureOf(): FailureCode | undefined {
    if (head.status < 400 || this.#pool.answers === undefined) return undefined;
    return parseFailureCode(head.fieldText(FAILURE_FIELD));
  }

  /** What follows of the text is read for the connection's sake alone. */
  #failWith(code: FailureCode, complete: boolean): void {
    const listener = complete ? this.#finish() : this.#listener;
    this.#listener = undefined;
    if (!complete) this.deadline = performance.now() + this.#pool.idleTimeout;
    listener?.onFailed({ code, sent: !FAILURES[code].neverReached, reused: false });
  }

  #readBody(bytes: Buffer, start: number, end: number): void {
    const body = this.#body;
    const after = body.read(bytes, start, end);
    if (after === REFUSED) {
      this.#refuse();
      return;
    }
    if (after < end) this.#persistent = false;
    const { dataStart, dataEnd } = body;
    if (body.done) this.#finish()?.onData(bytes, dataStart, dataEnd, body.trailers);
    else if (dataEnd > dataStart) this.#deliver(bytes, dataStart, dataEnd, undefined);
  }

  #deliver(bytes: Buffer, start: number, end: number, ending: Ending): void {
    if (this.#listener?.onData(bytes, start, end, ending) === false) this.wire.pause();
  }

  /** The response is complete: frees the connection and returns who is to hear of it. */
  #finish(): StreamListener | undefined {
    const listener = this.#listener;
    const reusable = this.#persistent && this.#requestComplete && !this.#blocked;
    this.#listener = undefined;
    this.#state = IDLE;
    this.#used = true;
    this.#requestComplete = false;
    if (reusable) this.rest();
    else this.wire.close();
    return listener;
  }

  #refuse(): number {
    const listener = this.#listener;
    this.#listener = undefined;
    this.wire.reset();
    listener?.onFailed({ code: "RESPONSE_MALFORMED", sent: true, reused: false });
    return -1;
  }

  /** The connection is gone: so is the exchange on it. */
  #lose(): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#listener = undefined;
    const reused = this.#used && this.#state === HEAD && this.#stash === undefined;
    listener.onFailed({ code: this.#pool.explainLoss(this), sent: true, reused });
  }

  /** A container that is gone answers nothing, not even that it is gone: TCP would not tell for minutes. */
  async #look(waiting: StreamListener): Promise<void> {
    const answers = await this.#pool.answers?.();
    if (this.#listener !== waiting || this.#state !== HEAD) return;
    if (answers !== false) {
      this.deadline = performance.now() + SILENCE;
      return;
    }
    this.#listener = undefined;
    this.wire.reset();
    waiting.onFailed({ code: "CONNECTION_LOST", sent: true, reused: false });
  }
}
