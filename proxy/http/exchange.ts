// One request and its response: from the caller's side to one destination after the other until one answers, and back.
// What is decided here: where to try next, whether to try again, when the exchange is over. No bytes are looked at.
import { FAILURES, type FailureCode } from "../failures.ts";
import type { MessageHead } from "../http1/message-head.ts";
import type { RequestEdit } from "../http1/write-head.ts";
import type { RequestPlan, Target } from "./plan.ts";
import { REPLAY_LIMIT, RequestRecord } from "./request-record.ts";
import { isIdempotent, MAX_SENT, mayRepeat } from "./retry.ts";
import type {
  Ending,
  Exchanges,
  OpenExchange,
  RequestHandler,
  RequestStream,
  ResponseSink,
  StreamFailure,
  StreamListener,
} from "./streams.ts";

/** Opens exchanges. Without state of its own: all of it is in the exchange. */
export const exchanges: Exchanges = {
  open(
    head: MessageHead,
    sink: ResponseSink,
    handler: RequestHandler,
    http2: boolean,
  ): OpenExchange {
    const plan = handler.plan(head, http2);
    edit.added = plan.added;
    edit.forwardedFor = plan.forwardedFor;
    edit.host = plan.host;
    edit.http2 = http2;
    return new Exchange(sink, handler, plan, RequestRecord.take(head, edit));
  },
};

const NOTHING = Buffer.alloc(0);
const NONE: readonly Target[] = [];

/** Filled anew for each request and read only while its head is written. */
const edit: { -readonly [Name in keyof RequestEdit]: RequestEdit[Name] } = {
  added: NOTHING,
  forwardedFor: undefined,
  host: NOTHING,
  http2: false,
};

class Exchange implements OpenExchange, StreamListener {
  readonly #sink: ResponseSink;
  readonly #handler: RequestHandler;
  readonly #plan: RequestPlan;
  readonly #startedAt = performance.now();
  /** Gone once nothing can be sent again. */
  #record: RequestRecord | undefined;
  #stream: RequestStream | undefined;
  /** Whether the stream has got the request; until then the body is only kept. */
  #sending = false;
  #begun = false;
  /** The caller was told to wait with the rest of the body. */
  #holding = false;
  #target: Target | undefined;
  #tried: readonly Target[] = NONE;
  #sentTries = 0;
  // A tunnel's; of ordinary exchanges only the response's end counts.
  #requestEnded = false;
  #responseEnded = false;
  /** Of the last try. */
  #failure: FailureCode = "NO_HEALTHY_ENDPOINT";
  /** Of the response; 0 before it. */
  #status = 0;
  #over = false;

  constructor(
    sink: ResponseSink,
    handler: RequestHandler,
    plan: RequestPlan,
    record: RequestRecord,
  ) {
    this.#sink = sink;
    this.#handler = handler;
    this.#plan = plan;
    this.#record = record;
  }

  data(bytes: Buffer, start: number, end: number, ending: Ending): boolean {
    if (this.#over) return true;
    this.#keep(bytes, start, end, ending);
    if (!this.#begun) {
      this.#begun = true;
      this.#tryNext(false);
      return !this.#holding;
    }
    this.#requestEnded = ending !== undefined;
    if (this.#sending) {
      const room = this.#stream?.data(bytes, start, end, ending) ?? true;
      this.#holding = !room;
      if (this.#requestEnded && this.#responseEnded) this.#end(undefined);
      return room;
    }
    const record = this.#record;
    this.#holding = record !== undefined && record.kept >= REPLAY_LIMIT;
    return !this.#holding;
  }

  resume(): void {
    this.#stream?.resume();
  }

  abort(): void {
    if (this.#over) return;
    this.#stream?.abort();
    this.#end(undefined);
  }

  onReady(): void {
    if (!this.#over) this.#send();
  }

  onWritable(): void {
    if (this.#over || !this.#holding) return;
    this.#holding = false;
    this.#sink.resumeRequest();
  }

  onInformation(head: MessageHead): void {
    if (!this.#over && this.#status === 0) this.#sink.inform(head);
  }

  onResponse(
    head: MessageHead,
    bytes: Buffer,
    start: number,
    end: number,
    ending: Ending,
  ): boolean {
    if (this.#over) return true;
    this.#status = head.status;
    if (ending !== undefined) this.#stream = undefined;
    this.#letGo();
    const closing = this.#handler.closing;
    const room = this.#sink.respond(head, closing, bytes, start, end, ending);
    if (ending !== undefined) this.#end(undefined);
    return room;
  }

  onData(bytes: Buffer, start: number, end: number, ending: Ending): boolean {
    if (this.#over) return true;
    // A tunnel is over when both sides have ended.
    const over = ending !== undefined && (this.#status !== 101 || this.#requestEnded);
    this.#responseEnded = ending !== undefined;
    if (over) this.#stream = undefined;
    const room = this.#sink.data(bytes, start, end, ending);
    if (over) this.#end(undefined);
    return room;
  }

  onFailed(failure: StreamFailure): void {
    if (this.#over) return;
    this.#stream = undefined;
    this.#sending = false;
    this.#failure = failure.code;
    if (this.#status !== 0 || !this.#mayRepeat(failure)) this.#fail();
    // A connection that was idle says nothing about its peer: the same one is asked again, on a new connection.
    else this.#tryNext(failure.reused);
  }

  #mayRepeat({ code, sent }: StreamFailure): boolean {
    const record = this.#record;
    if (record === undefined) return false;
    if (sent && !FAILURES[code].neverReached) this.#sentTries += 1;
    if (this.#sentTries >= MAX_SENT) return false;
    return mayRepeat({ method: record.method, code, sent, replayable: record.whole });
  }

  /** Tries the same destination again, or the next one. */
  #tryNext(again: boolean): void {
    const { targets, key } = this.#plan;
    const target = again ? this.#target : targets.next(key, this.#tried, true);
    if (target === undefined) {
      this.#fail();
      return;
    }
    if (!again) this.#tried = [...this.#tried, target];
    this.#target = target;
    const { destination } = target;
    // What cannot be repeated should not meet a connection that its peer is closing at this very moment.
    const risky = !isIdempotent(this.#record?.method ?? 0);
    this.#stream = destination.open(this, again, risky);
    if (this.#stream.ready) this.#send();
  }

  #send(): void {
    const stream = this.#stream;
    const record = this.#record;
    if (stream === undefined || record === undefined) return;
    this.#sending = true;
    const held = this.#holding;
    this.#holding = !stream.send(record);
    if (record.kept > REPLAY_LIMIT) record.forgetBody();
    if (held && !this.#holding) this.#sink.resumeRequest();
  }

  #keep(bytes: Buffer, start: number, end: number, ending: Ending): void {
    const record = this.#record;
    if (record === undefined || !record.whole) return;
    record.append(bytes, start, end);
    record.ending = ending;
    if (this.#sending && record.kept > REPLAY_LIMIT) record.forgetBody();
  }

  #fail(): void {
    const code = this.#failure;
    const { status, describe } = FAILURES[code];
    if (this.#status === 0) this.#status = status;
    // Over before the sink is told: one that has to break off gives its exchange up.
    this.#over = true;
    const text = `docker-mesh: ${describe(this.#plan.service)}\n`;
    this.#sink.fail({ code, status, fields: "", text });
    this.#end(code);
  }

  #end(failure: FailureCode | undefined): void {
    this.#over = true;
    this.#stream = undefined;
    this.#letGo();
    this.#handler.finished(this.#status, performance.now() - this.#startedAt, failure);
  }

  #letGo(): void {
    this.#record?.release();
    this.#record = undefined;
  }
}
