// One request and its response: from the caller's side to one destination after the other until one answers, and back.
// What is decided here: when to begin, where to try next, whether to try again, when the exchange is over. No bytes are
// looked at.
import { FAILURES, type FailureCode, failureAnswer, type LocalAnswer } from "../failures.ts";
import type { MessageHead } from "../http1/message-head.ts";
import type { Trace } from "../observe/trace.ts";
import {
  isFailureRetried,
  isGrpcStatusRetried,
  isIdempotent,
  isRepeatable,
  isStatusRetried,
  isUnreached,
} from "../resilience/retry-rule.ts";
import type { FinishedExchange, RequestHandler, ReviewedExchange } from "./exchanges.ts";
import type { CopiedRequest } from "./mirrored-exchange.ts";
import type { Before, RequestPlan, Target } from "./plan.ts";
import { REPLAY_LIMIT, type RequestRecord } from "./request-record.ts";
import { LONGEST_TIMER, Retrying } from "./retrying.ts";
import type {
  Ending,
  OpenExchange,
  RequestStream,
  ResponseSink,
  StreamFailure,
  StreamListener,
} from "./streams.ts";

/** Who has taken it up. */
export interface ExchangeOwner {
  /** Its request is sent once more. */
  readonly retried: () => void;
  /** It is over. */
  leave(exchange: Exchange): void;
}

export class Exchange
  extends Retrying
  implements OpenExchange, StreamListener, ReviewedExchange, FinishedExchange
{
  /** Its neighbours among its owner's exchanges. */
  previous: Exchange | undefined;
  next: Exchange | undefined;
  readonly handler: RequestHandler;
  status = 0;
  failure: FailureCode | undefined;
  requestBytes = 0;
  responseBytes = 0;
  readonly http2: boolean;
  readonly trace: Trace | undefined;
  readonly #owner: ExchangeOwner;
  readonly #sink: ResponseSink;
  readonly #mirror: CopiedRequest | undefined;
  readonly #startedAt = performance.now();
  /** Gone once nothing can be sent again. */
  #record: RequestRecord | undefined;
  /** Of a request whose response has begun and has not ended. */
  #sentHead: Buffer | undefined;
  #stream: RequestStream | undefined;
  /** Whether the stream has got the request; until then the body is only kept. */
  #sending = false;
  #begun = false;
  /** The caller was told to wait with the rest of the body. */
  #holding = false;
  /** The present target is asked over a new connection, since one that was used before was lost. */
  #renewed = false;
  #waitTimer: NodeJS.Timeout | undefined;
  /** Something was heard of either side since the last look. */
  #active = true;
  #quiet = 0;
  #requestEnded = false;
  /** Of tunnels; of ordinary exchanges it is the end of all. */
  #responseEnded = false;
  #over = false;

  constructor(
    owner: ExchangeOwner,
    sink: ResponseSink,
    handler: RequestHandler,
    plan: RequestPlan,
    record: RequestRecord,
    patience: number,
    mirror: CopiedRequest | undefined,
    trace: Trace | undefined,
  ) {
    super(plan, patience);
    this.#owner = owner;
    this.#sink = sink;
    this.handler = handler;
    this.#record = record;
    this.#mirror = mirror;
    this.http2 = record.http2;
    this.trace = trace;
  }

  get sentHead(): Buffer | undefined {
    const record = this.#record;
    return record === undefined ? this.#sentHead : record.bytes.subarray(0, record.headEnd);
  }

  protected override get awaitsCaller(): boolean {
    const asks = this.#record?.asks === true;
    return this.#sending && !this.#holding && !this.#requestEnded && !asks;
  }

  data(bytes: Buffer, start: number, end: number, ending: Ending): boolean {
    if (this.#over) return true;
    this.#active = true;
    this.requestBytes += end - start;
    this.#mirror?.pass(bytes, start, end, ending);
    this.#keep(bytes, start, end, ending);
    this.#requestEnded = ending !== undefined;
    if (!this.#begun) {
      this.#begin();
      return !this.#holding;
    }
    if (this.#sending) {
      const room = this.#stream?.data(bytes, start, end, ending) ?? true;
      this.#holding = !room;
      if (this.#requestEnded && this.#responseEnded) this.#end(undefined, performance.now());
      return room;
    }
    const record = this.#record;
    this.#holding = record !== undefined && record.kept >= REPLAY_LIMIT;
    return !this.#holding;
  }

  resume(): void {
    this.#active = true;
    this.#stream?.resume();
  }

  abort(): void {
    if (this.#over) return;
    this.#stream?.abort();
    this.#mirror?.giveUp();
    this.#end(undefined, performance.now());
  }

  stop(answer: LocalAnswer): void {
    if (this.#over) return;
    this.#stream?.abort();
    if (answer.code !== undefined) this.blame(answer.code, performance.now());
    this.#answer(answer);
  }

  /** Ends it when nothing was heard for too long. `elapsed`: milliseconds since the last look. */
  look(elapsed: number): void {
    this.#quiet = this.#active ? 0 : this.#quiet + elapsed;
    this.#active = false;
    const { conduct, service } = this.plan;
    const { idle } = conduct.timeouts;
    if (idle > 0 && this.#quiet >= idle) this.stop(failureAnswer("STREAM_IDLE", service));
  }

  onReady(): void {
    if (this.#over) return;
    this.leavePending();
    this.#send();
  }

  onWritable(): void {
    if (this.#over || !this.#holding) return;
    this.#holding = false;
    this.#sink.resumeRequest();
  }

  onInformation(head: MessageHead): void {
    this.#active = true;
    if (!this.#over && this.status === 0) this.#sink.inform(head);
  }

  onResponse(
    head: MessageHead,
    bytes: Buffer,
    start: number,
    end: number,
    ending: Ending,
  ): boolean {
    if (this.#over) return true;
    const now = performance.now();
    const { status } = head;
    this.#active = true;
    const { retries } = this.plan.conduct;
    let worthRetry = status >= 400 && isStatusRetried(status, retries);
    if (this.#record?.http2 === true) {
      const outcome = this.answeredGrpc(head, start < end, ending, now);
      worthRetry ||= outcome !== undefined && isGrpcStatusRetried(outcome, retries);
    } else this.answered(status, now);
    if (worthRetry && this.#retryAnswered(status, ending !== undefined, now)) return true;
    this.status = status;
    if (ending !== undefined) this.#stream = undefined;
    else this.#keepHead();
    if (status === 101) this.stopTimer();
    this.responseBytes += end - start;
    const { edits } = this.plan;
    const shown = edits === undefined ? head : edits.response(head, this.target as Target);
    const room = this.#sink.respond(shown, this.handler.closing, bytes, start, end, ending);
    if (ending !== undefined) this.#end(undefined, now);
    return room;
  }

  onData(bytes: Buffer, start: number, end: number, ending: Ending): boolean {
    if (this.#over) return true;
    this.#active = true;
    this.responseBytes += end - start;
    this.passed(start < end, ending);
    // A tunnel is over when both sides have ended.
    const over = ending !== undefined && (this.status !== 101 || this.#requestEnded);
    this.#responseEnded = ending !== undefined;
    if (over) this.#stream = undefined;
    const room = this.#sink.data(bytes, start, end, ending);
    if (over) this.#end(undefined, performance.now());
    return room;
  }

  onFailed({ code, sent, reused }: StreamFailure): void {
    if (this.#over) return;
    const now = performance.now();
    this.#stream = undefined;
    this.#sending = false;
    if (this.status === 0 && reused && this.#renew(sent, now)) return;
    this.blame(code, now);
    const { retries } = this.plan.conduct;
    const final = this.status !== 0 || !isFailureRetried(code, sent, retries);
    if (!final && isUnreached(code, sent)) this.#moveOn(code, now);
    else if (final || !this.#retry(sent && !FAILURES[code].neverReached, code, now))
      this.#fail(code);
  }

  #begin(): void {
    const { before } = this.plan;
    this.#begun = true;
    this.startTimer();
    if (before === undefined) this.#enter(this.#startedAt);
    else void this.#prepare(before);
  }

  async #prepare({ gate, delay, answer }: Before): Promise<void> {
    const refusal = gate === undefined ? undefined : await gate;
    if (this.#over) return;
    if (refusal !== undefined) {
      this.#answer(refusal);
      return;
    }
    if (delay > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      // Stopped when the exchange ends before.
      this.#waitTimer = setTimeout(resolve, Math.min(delay, LONGEST_TIMER));
      await promise;
    }
    if (answer !== undefined) this.#answer(answer);
    else this.#enter(performance.now());
  }

  #enter(now: number): void {
    const target = this.nextTarget(this.#record);
    if (target === undefined) this.#fail("NO_HEALTHY_ENDPOINT");
    else this.#try(target, false, now);
  }

  /** `fresh`: over a new connection. */
  #try(target: Target, fresh: boolean, now: number): void {
    if (!this.admit(target, now)) {
      this.#fail("OVERLOADED");
      return;
    }
    const { conduct } = this.plan;
    this.#renewed = fresh;
    this.beginTry(target, conduct, now);
    // What cannot be repeated should not meet a connection that its peer is closing at this very moment.
    const risky = !isIdempotent(this.#record?.method ?? 0);
    const stream = target.destination.open(this, fresh, risky);
    this.#stream = stream;
    if (stream.ready) this.#send();
    else if (!this.enterPending(conduct)) {
      stream.abort();
      this.#fail("OVERLOADED");
    }
  }

  #send(): void {
    const stream = this.#stream;
    const record = this.#record;
    if (stream === undefined || record === undefined) return;
    if (record.saysTimeLeft)
      record.sayTimeLeft(this.#startedAt + this.patience - performance.now());
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

  /** A connection that was idle says nothing about its peer: the same one is asked again, once, on a new connection. */
  #renew(sent: boolean, now: number): boolean {
    const record = this.#record;
    const { retries } = this.plan.conduct;
    if (this.#renewed || record === undefined || !record.whole) return false;
    if (sent && !isRepeatable(record.method, retries)) return false;
    const target = this.target as Target;
    this.endTry();
    this.#try(target, true, now);
    return true;
  }

  /** To an endpoint that was not asked yet, if there is one: that costs nobody anything. */
  #moveOn(code: FailureCode, now: number): void {
    this.noteTried();
    this.endTry();
    const target = this.#record?.whole === true ? this.nextTarget(this.#record) : undefined;
    if (target === undefined || this.tried.includes(target)) this.#fail(code);
    else {
      this.noteOutcome(code, now - this.#startedAt);
      this.#try(target, false, now);
    }
  }

  /** A response that is worth another try. False: it is the last one, and passed on. */
  #retryAnswered(status: number, complete: boolean, now: number): boolean {
    const stream = this.#stream;
    if (!this.#retry(true, String(status), now)) return false;
    if (!complete) stream?.abort();
    return true;
  }

  /** Once more, after a wait; false when that must not be. `seen`: an application may have seen the request. */
  #retry(seen: boolean, outcome: string, now: number): boolean {
    const target = this.chance(this.#record, seen, now);
    if (target === undefined) return false;
    this.noteOutcome(outcome, now - this.#startedAt);
    this.#owner.retried();
    this.#sending = false;
    this.endTry();
    this.#stream = undefined;
    this.target = target;
    this.#waitTimer = setTimeout(Exchange.#onWaited, this.wait(), this);
    return true;
  }

  protected override onTryTimeUp(): void {
    const sent = this.#sending;
    this.#stream?.abort();
    this.onFailed({ code: "TRY_TIMED_OUT", sent, reused: false });
  }

  #fail(code: FailureCode): void {
    this.#answer(failureAnswer(code, this.plan.service));
  }

  #answer(answer: LocalAnswer): void {
    const status = this.answeredHere(answer, this);
    if (this.status === 0) this.status = status;
    // Over before the sink is told: one that has to break off gives its exchange up.
    this.#over = true;
    this.#sink.fail(answer);
    this.#end(answer.code, performance.now());
  }

  #end(failure: FailureCode | undefined, now: number): void {
    this.#over = true;
    this.failure = failure;
    this.endTry();
    this.#stream = undefined;
    this.stopTimer();
    if (this.#waitTimer !== undefined) clearTimeout(this.#waitTimer);
    this.leaveRetry();
    this.depart();
    this.#mirror?.leave();
    this.#owner.leave(this);
    this.handler.finished(this, now - this.#startedAt);
    this.#letGo();
  }

  /** Of a request whose response goes on, only the head: it may be judged anew when the configuration changes. */
  #keepHead(): void {
    const head = this.sentHead;
    this.#sentHead = head && Buffer.from(head);
    this.#letGo();
  }

  #letGo(): void {
    this.#record?.release();
    this.#record = undefined;
  }

  static #onWaited(exchange: Exchange): void {
    exchange.#waitTimer = undefined;
    exchange.#try(exchange.target as Target, false, performance.now());
  }
}
