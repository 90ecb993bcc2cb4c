// What is to be done with one request, decided when its head has arrived: where its tries go, under which rules, and what
// comes before or beside them. Types only; `outbound.ts` and `inbound.ts` make plans, the exchange follows them.
import type { Policy, RetryPolicy, TimeoutPolicy } from "../../mesh/policy/policy.ts";
import type { FailureCode, LocalAnswer } from "../failures.ts";
import type { MessageHead } from "../http1/message-head.ts";
import type { Destination } from "./streams.ts";

export interface RequestPlan {
  /** The name used in failure texts. */
  readonly service: string;
  readonly targets: Targets;
  /** What hashing pickers choose by, 32 bits; 0 without. */
  readonly key: number;
  readonly conduct: Conduct;
  /** The Host of a request that names none (HTTP/1.0). */
  readonly host: Buffer;
  /** Field lines of ours for the destination, each with its CRLF. */
  readonly added: Buffer;
  /** Appended to `x-forwarded-for`; undefined leaves that field alone. */
  readonly forwardedFor: Buffer | undefined;
  /** Undefined for nearly all requests, as the next two are. */
  readonly before: Before | undefined;
  readonly edits: Edits | undefined;
  /** A copy of the request goes there too; its response is thrown away. */
  readonly mirror: RequestPlan | undefined;
  readonly telemetry: Telemetry;
}

/** What is shown of the request: by the policy of the service that is called. */
export type Telemetry = Pick<Policy, "logs" | "traces">;

/** Where tries go. */
export interface Targets {
  /** For the next try. `tried`: those of the tries so far, in order. Undefined: no other can be used. */
  next(key: number, tried: readonly Target[], repeatable: boolean): Target | undefined;
}

/**
 * An endpoint as the requests of this sidecar see it. `now` is on the scale of `performance.now()`. An endpoint may have
 * many tries at once: `began` is what `begin` was told, and says which one is meant.
 */
export interface Target {
  readonly id: string;
  readonly destination: Destination;
  /** Of the endpoint; undefined for one without, and for the own application. */
  readonly version?: string | undefined;
  /** Bounds the load on the service that it belongs to; undefined: the one of the plan's conduct does. */
  readonly breaker?: Breaker | undefined;
  /** A try begins; `ended` follows in any case. */
  begin(now: number): void;
  /**
   * Milliseconds in which the try that began then has to be answered, or counts as failed, although it goes on: it decides
   * whether the endpoint returns, and nobody else may be asked to meanwhile. 0 or absent: any time.
   */
  probeTime?(began: number): number;
  /** The head of a response has come; at most one of this and `failed` in a try. For gRPC `status` is what HTTP would say. */
  answered(status: number, now: number, began: number): void;
  failed(code: FailureCode, now: number, began: number): void;
  /** The try is over, with all of its response. */
  ended(began: number): void;
}

/** The rules for one service's requests, and what they share: one object for all of them. */
export interface Conduct {
  readonly timeouts: TimeoutPolicy;
  readonly retries: RetryPolicy;
  readonly breaker: Breaker;
  readonly budget: Budget;
}

/** Bounds the load on a service: limits on what is in flight. */
export interface Breaker {
  /** Takes a request in, or says that there are too many. Every true is followed by one `leave`. */
  enter(): boolean;
  leave(): void;
  /** The same for a request that waits for a connection. */
  enterPending(): boolean;
  leavePending(): void;
  /** The same for a retry in flight. */
  enterRetry(): boolean;
  leaveRetry(): void;
}

/** Bounds retries by the number of requests. */
export interface Budget {
  /** A request was taken in. */
  deposit(now: number): void;
  /** Whether a retry may be made; it is then counted. */
  withdraw(now: number): boolean;
}

/** Comes before the first try; in the order of the fields. */
export interface Before {
  /** Resolves with an answer that takes the place of any destination, or undefined. Never rejects. */
  readonly gate: Promise<LocalAnswer | undefined> | undefined;
  /** Ms. */
  readonly delay: number;
  /** Takes the place of any destination. */
  readonly answer: LocalAnswer | undefined;
}

/** Changes of heads. What comes back is valid as long as what was given. */
export interface Edits {
  request(head: MessageHead): MessageHead;
  response(head: MessageHead, target: Target): MessageHead;
}
