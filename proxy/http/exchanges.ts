// Who takes requests up, and who decides about them: what the callers' sides are made with.
import type { EarlierTry } from "../configuration/observed-request.ts";
import type { FailureCode, LocalAnswer } from "../failures.ts";
import type { MessageHead } from "../http1/message-head.ts";
import type { Trace } from "../observe/trace.ts";
import type { RequestPlan, Target } from "./plan.ts";
import type { Refusal } from "./refusal.ts";
import type { OpenExchange, ResponseSink } from "./streams.ts";

/** An exchange in flight, when its configuration has changed. */
export interface ReviewedExchange {
  /** The request's head as it goes to the destination; undefined when it is not at hand any more. */
  readonly sentHead: Buffer | undefined;
}

/** An exchange that is over. */
export interface FinishedExchange {
  readonly plan: RequestPlan;
  /** The one that was asked last; undefined when none was. */
  readonly target: Target | undefined;
  /** What the caller was answered, 0 when it went away before. */
  readonly status: number;
  /** gRPC's, as a number in text, "" for a call that ended without one; undefined for what is no gRPC. */
  readonly grpcStatus: string | undefined;
  /** Bytes of the bodies that passed. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Why, when the mesh answered or broke off. */
  readonly failure: FailureCode | undefined;
  /** What decided so, for those who operate the mesh. */
  readonly reason: string | undefined;
  /** Tries before the last one. */
  readonly earlierTries: readonly EarlierTry[];
  /** Whether the caller speaks HTTP/2. */
  readonly http2: boolean;
  /** The request's head as it went on; undefined when it is not at hand. */
  readonly sentHead: Buffer | undefined;
  /** Undefined while nobody collects traces. */
  readonly trace: Trace | undefined;
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
  /** Milliseconds after which an HTTP/2 caller that asks for nothing is sent away; undefined: it may stay. */
  readonly idle?: number;
  /** The exchange is over, after so many ms. It may be looked at only now. */
  finished(exchange: FinishedExchange, milliseconds: number): void;
  /** A request was refused before, or while, it became an exchange. */
  refused(refusal: Refusal): void;
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
