// The try that an exchange is making: at which target, since when, and what the target is told about how it turns out. Every
// try that begins ends, and its target hears at most once whether it was answered or failed.
import { type EarlierTry, TRIES_LIMIT } from "../configuration/observed-request.ts";
import { FAILURES, type FailureCode, type LocalAnswer } from "../failures.ts";
import type { MessageHead } from "../http1/message-head.ts";
import { grpcStatusFor } from "../http2/grpc-failure.ts";
import {
  grpcStatusIn,
  grpcStatusOf,
  httpStatusFor,
  isGrpc,
  isGrpcCall,
  isGrpcStatus,
} from "../http2/grpc-status.ts";
import type { FinishedExchange } from "./exchanges.ts";
import type { Breaker, Conduct, Target } from "./plan.ts";
import type { Ending } from "./streams.ts";

const NONE: readonly Target[] = [];
const NO_TRIES: readonly EarlierTry[] = [];
/** No try is under way. */
const NO_TRY = -1;

export abstract class Trying {
  target: Target | undefined;
  /** Of a response of gRPC's: its status, "" before it has come. */
  grpcStatus: string | undefined;
  /** Which rule, intention or token decided that the mesh answers. */
  reason: string | undefined;
  /** What became of tries after which there was another one. */
  earlierTries: readonly EarlierTry[] = NO_TRIES;
  /** Targets of tries that are over, and were not the last. */
  protected tried: readonly Target[] = NONE;
  /** When the try under way began. */
  #began: number = NO_TRY;
  #told = false;
  /** When the head of a response of gRPC's came whose outcome is still to come; 0 otherwise. */
  #headAt = 0;
  #pending: Breaker | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** No response's head has come within the time for one try. */
  protected abstract onTryTimeUp(): void;

  /** The destination has all of the request that there is, and the caller owes the rest. */
  protected abstract get awaitsCaller(): boolean;

  protected beginTry(target: Target, conduct: Conduct, now: number): void {
    this.target = target;
    this.#began = now;
    this.#told = false;
    this.#headAt = 0;
    this.grpcStatus = undefined;
    target.begin(now);
    this.#limitTry(conduct);
  }

  /** It waits for a connection. False when too many do. */
  protected enterPending(conduct: Conduct): boolean {
    const breaker = this.target?.breaker ?? conduct.breaker;
    if (!breaker.enterPending()) return false;
    this.#pending = breaker;
    return true;
  }

  protected leavePending(): void {
    this.#pending?.leavePending();
    this.#pending = undefined;
  }

  /** A response's head has come. */
  protected answered(status: number, now: number): void {
    this.stopTryTimer();
    this.#tell(status, now);
  }

  /**
   * The same where gRPC may be spoken. Returns gRPC's status when it has come; a message of the response, which comes
   * before it, counts as success: there may be others for hours.
   */
  protected answeredGrpc(
    head: MessageHead,
    hasMessage: boolean,
    ending: Ending,
    now: number,
  ): string | undefined {
    if (head.status !== 200 || !isGrpc(head.fieldText("content-type"))) {
      this.answered(head.status, now);
      return undefined;
    }
    this.stopTryTimer();
    const status = grpcStatusOf(head);
    this.#headAt = now;
    this.grpcStatus = status !== undefined && isGrpcStatus(status) ? status : "";
    if (status === undefined) this.passed(hasMessage, ending);
    else this.#conclude(httpStatusFor(status));
    return status;
  }

  /** More of the response has come. */
  protected passed(hasMessage: boolean, ending: Ending): void {
    if (this.grpcStatus === undefined) return;
    const status = ending === undefined ? undefined : grpcStatusIn(ending);
    if (status !== undefined && this.grpcStatus === "") this.grpcStatus = status;
    if (this.#headAt === 0) return;
    if (ending !== undefined) this.#conclude(httpStatusFor(status));
    else if (hasMessage) this.#conclude(200);
  }

  /** The mesh answers in place of the destination. Returns the status; to a call of gRPC's it says more than that. */
  protected answeredHere(
    { code, status, reason }: LocalAnswer,
    request: Pick<FinishedExchange, "http2" | "sentHead" | "status">,
  ): number {
    this.reason = reason;
    const isFirst = code !== undefined && request.status === 0;
    if (isFirst && request.http2 && isGrpcCall(String(request.sentHead)))
      this.grpcStatus = String(grpcStatusFor(code, status));
    return status;
  }

  /** It has failed; not every failure speaks against the target. */
  protected blame(code: FailureCode, now: number): void {
    if (this.#told || this.#began === NO_TRY || !FAILURES[code].blamesEndpoint) return;
    this.#told = true;
    this.target?.failed(code, now, this.#began);
  }

  /** The next one is to be another target's. */
  protected noteTried(): void {
    if (this.target !== undefined) this.tried = [...this.tried, this.target];
  }

  /** There is to be another one. `outcome`: a status, or a code of failure. */
  protected noteOutcome(outcome: string, endedAfter: number): void {
    const endpoint = this.target?.id ?? "";
    const last = this.earlierTries.slice(1 - TRIES_LIMIT);
    this.earlierTries = [...last, { endpoint, endedAfter, outcome }];
  }

  protected endTry(): void {
    const began = this.#began;
    if (began === NO_TRY) return;
    this.#began = NO_TRY;
    this.stopTryTimer();
    this.leavePending();
    this.target?.ended(began);
  }

  protected stopTryTimer(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tell(status: number, now: number): void {
    if (this.#told) return;
    this.#told = true;
    this.target?.answered(status, now, this.#began);
  }

  #conclude(status: number): void {
    this.#tell(status, this.#headAt);
    this.#headAt = 0;
  }

  #limitTry(conduct: Conduct): void {
    const { perTry, request } = conduct.timeouts;
    if (perTry > 0) this.#timer = setTimeout(Trying.#onTime, perTry, this, conduct);
    else if (request <= 0) this.#limitProbe();
  }

  /** Where no time of the policy's does. */
  #limitProbe(): void {
    const time = this.target?.probeTime?.(this.#began) ?? 0;
    if (time > 0) this.#timer = setTimeout(Trying.#onProbeTime, time, this);
  }

  static #onProbeTime(trying: Trying): void {
    trying.#timer = undefined;
    // The request itself goes on: whoever made it did not ask for a limit.
    if (!trying.awaitsCaller) trying.blame("TRY_TIMED_OUT", performance.now());
  }

  static #onTime(trying: Trying, conduct: Conduct): void {
    trying.#timer = undefined;
    // Nobody can answer a request that is still on its way.
    if (trying.awaitsCaller) trying.#limitTry(conduct);
    else trying.onTryTimeUp();
  }
}
