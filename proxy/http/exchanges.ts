// Who takes requests up, and who decides about them: what the callers' sides are made with.
import type { FailureCode, LocalAnswer } from "../failures.ts";
import type { MessageHead } from "../http1/message-head.ts";
import type { RequestPlan } from "./plan.ts";
import type { OpenExchange, ResponseSink } from "./streams.ts";

/** An exchange in flight, when its configuration has changed. */
export interface ReviewedExchange {
  /** The request's head as it goes to the destination; undefined when it is not at hand any more. */
  readonly sentHead: Buffer | undefined;
}

/** Decides about the requests of one listener's port, and is told how they end. */
export interface RequestHandler {
  /** Called once per request, when its head has arrived. */
  plan(head: MessageHead, http2: boolean): RequestPlan;
  /** Called for each exchange in flight when the configuration has changed: an answer ends it. */
  review(exchange: ReviewedExchange): LocalAnswer | undefined;
  /** The port of the own application to which its requests go; none of requests that leave. */
  readonly applicationPort?: number;
  /** Whether callers should be told to close their connections. */
  readonly closing: boolean;
  /** Whether they should not come back either: the application ends. */
  readonly departing?: boolean;
  /** The exchange is over. `status` is what the caller was answered, 0 when it went away before; times in ms. */
  finished(status: number, milliseconds: number, failure: FailureCode | undefined): void;
}

/** Takes a request up; nothing is sent, and the sink is not called, before the first `data`. */
export interface Exchanges {
  open(
    head: MessageHead,
    sink: ResponseSink,
    handler: RequestHandler,
    http2: boolean,
  ): OpenExchange;
}
