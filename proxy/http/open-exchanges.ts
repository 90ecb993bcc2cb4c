// All exchanges in flight: taken up here, looked at from time to time for those that have gone silent, and looked at anew
// when the configuration has changed. They are linked to each other, so that one that begins and ends costs nothing else.
import type { MessageHead } from "../http1/message-head.ts";
import type { RequestEdit } from "../http1/write-head.ts";
import type { Trace } from "../observe/trace.ts";
import { Tracer } from "../observe/tracer.ts";
import { deadlineOf, hasGrpcTimeout, timeLeftLines } from "../resilience/deadline.ts";
import { Exchange, type ExchangeOwner } from "./exchange.ts";
import type { Exchanges, RequestHandler } from "./exchanges.ts";
import { Copies, MirroredExchange } from "./mirrored-exchange.ts";
import type { RequestPlan } from "./plan.ts";
import { RequestRecord } from "./request-record.ts";
import type { OpenExchange, ResponseSink } from "./streams.ts";

/** Milliseconds between two looks for silence, and so about the most by which one is noticed late. */
const LOOK_INTERVAL = 250;
const NOTHING = Buffer.alloc(0);

/** Filled anew for each request and read only while its head is written. */
const edit: { -readonly [Name in keyof RequestEdit]: RequestEdit[Name] } = {
  added: NOTHING,
  forwardedFor: undefined,
  host: NOTHING,
  http2: false,
  timeLeft: undefined,
  trace: undefined,
};

export class OpenExchanges implements Exchanges, ExchangeOwner {
  /** Calls it for each request that is sent once more. */
  readonly retried: () => void;
  readonly #copies: Copies;
  readonly #tracer: Tracer;
  #first: Exchange | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lookedAt = 0;

  constructor(
    retried: () => void = () => undefined,
    copies: Copies = new Copies(),
    tracer: Tracer = new Tracer(),
  ) {
    this.retried = retried;
    this.#copies = copies;
    this.#tracer = tracer;
  }

  open(
    head: MessageHead,
    sink: ResponseSink,
    handler: RequestHandler,
    http2: boolean,
  ): OpenExchange {
    const plan = handler.plan(head, http2);
    const mirror = plan.mirror && this.#copy(head, plan.mirror, http2);
    const trace = this.#tracer.begin(head, plan.telemetry.traces);
    return this.#take(head, sink, plan, handler, http2, mirror, trace);
  }

  /** The exchange is over. */
  leave(exchange: Exchange): void {
    const { previous, next } = exchange;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next !== undefined) next.previous = previous;
    exchange.previous = undefined;
    exchange.next = undefined;
  }

  /** The configuration has changed: what may not go on under the new one is ended. */
  review(): void {
    for (const exchange of this.#all()) {
      const answer = exchange.handler.review(exchange);
      if (answer !== undefined) exchange.stop(answer);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #copy(head: MessageHead, plan: RequestPlan, http2: boolean): MirroredExchange | undefined {
    const copies = this.#copies;
    // What is to be upgraded is a conversation, which no copy could take part in.
    if (head.upgrade || copies.full) return undefined;
    return new MirroredExchange(copies, (copy) =>
      this.#take(head, copy, plan, copy, http2, undefined, undefined),
    );
  }

  #take(
    head: MessageHead,
    sink: ResponseSink,
    plan: RequestPlan,
    handler: RequestHandler,
    http2: boolean,
    mirror: MirroredExchange | undefined,
    trace: Trace | undefined,
  ): Exchange {
    const { edits } = plan;
    const patience = patienceOf(head, plan);
    const bounded = patience !== Number.POSITIVE_INFINITY;
    const grpc = bounded && hasGrpcTimeout(head);
    const sent = edits === undefined ? head : edits.request(head);
    edit.added = plan.added;
    edit.forwardedFor = plan.forwardedFor;
    edit.host = plan.host;
    edit.http2 = http2;
    edit.timeLeft = bounded ? timeLeftLines(patience, grpc) : undefined;
    edit.trace = trace?.lines;
    const record = RequestRecord.take(sent, edit, grpc);
    const exchange = new Exchange(this, sink, handler, plan, record, patience, mirror, trace);
    this.#enter(exchange);
    return exchange;
  }

  #enter(exchange: Exchange): void {
    const first = this.#first;
    exchange.next = first;
    if (first !== undefined) first.previous = exchange;
    this.#first = exchange;
    if (this.#timer === undefined) this.#startLooking();
  }

  #startLooking(): void {
    this.#lookedAt = performance.now();
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL).unref();
  }

  #look(): void {
    const now = performance.now();
    const elapsed = now - this.#lookedAt;
    this.#lookedAt = now;
    for (const exchange of this.#all()) exchange.look(elapsed);
    if (this.#first === undefined) this.close();
  }

  /** As they are now: some may end while others are looked at. */
  #all(): Exchange[] {
    const all: Exchange[] = [];
    for (let next = this.#first; next !== undefined; next = next.next) all.push(next);
    return all;
  }
}

/** Milliseconds that the answer is waited for: as the policy says, and never longer than the caller waits. */
function patienceOf(head: MessageHead, { conduct }: RequestPlan): number {
  const { request } = conduct.timeouts;
  const given = head.hasTimeout ? deadlineOf(head) : Number.POSITIVE_INFINITY;
  return request > 0 ? Math.min(request, given) : given;
}
