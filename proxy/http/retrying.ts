// Which target comes next, and whether there may be a next one: limits on requests and on retries are kept here. They are
// those of the service that is asked, which another service's may have to stand in for.
import { type FailureCode, failureAnswer, type LocalAnswer } from "../failures.ts";
import { isRepeatable, waitBefore } from "../resilience/retry-rule.ts";
import type { Breaker, RequestPlan, Target } from "./plan.ts";
import type { RequestRecord } from "./request-record.ts";
import { Trying } from "./trying.ts";

const NONE: readonly Target[] = [];
/** Milliseconds: Node's timers hold 31 bits. */
export const LONGEST_TIMER: number = 2 ** 31 - 1;
/** Milliseconds; a caller that gives less speaks of itself, not of the endpoint. */
const FAIR_DEADLINE = 1_000;

export abstract class Retrying extends Trying {
  readonly plan: RequestPlan;
  /** Milliseconds that the caller waits. */
  protected readonly patience: number;
  /** Tries after the first that an application may have seen. */
  #retries = 0;
  /** What has let the request in, and what its retry. */
  #admitted: Breaker | undefined;
  #retrying: Breaker | undefined;
  #timer: NodeJS.Timeout | undefined;

  protected constructor(plan: RequestPlan, patience: number) {
    super();
    this.plan = plan;
    this.patience = patience;
  }

  /** Answers in place of the destination, or breaks off what has begun. */
  abstract stop(answer: LocalAnswer): void;

  /** The caller waits from now on. */
  protected startTimer(): void {
    if (this.patience === Number.POSITIVE_INFINITY) return;
    const milliseconds = Math.min(this.patience, LONGEST_TIMER);
    this.#timer = setTimeout(Retrying.#onTimeUp, milliseconds, this);
  }

  protected stopTimer(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Whoever could bring endpoints into disrepute by impatience, or by a request without end, would have them ejected. */
  protected override blame(code: FailureCode, now: number): void {
    if (code !== "REQUEST_TIMED_OUT" || this.#isFairlyTimed()) super.blame(code, now);
  }

  #isFairlyTimed(): boolean {
    const { request } = this.plan.conduct.timeouts;
    const isOfPolicy = request > 0 && this.patience >= request;
    return !this.awaitsCaller && (isOfPolicy || this.patience >= FAIR_DEADLINE);
  }

  /** Has the request counted where the target belongs, and nowhere else. False: too many are in flight there. */
  protected admit({ breaker = this.plan.conduct.breaker }: Target, now: number): boolean {
    const before = this.#admitted;
    if (breaker === before) return true;
    this.depart();
    if (!breaker.enter()) return false;
    this.#admitted = breaker;
    if (before === undefined) this.plan.conduct.budget.deposit(now);
    return true;
  }

  protected depart(): void {
    this.#admitted?.leave();
    this.#admitted = undefined;
  }

  /** One that was not tried yet. */
  protected nextTarget(record: RequestRecord | undefined): Target | undefined {
    const { targets, key, conduct } = this.plan;
    const { retries } = conduct;
    const repeatable =
      retries.attempts > 0 && record?.whole === true && isRepeatable(record.method, retries);
    return targets.next(key, this.tried, repeatable);
  }

  /**
   * Where the request is to be sent once more, which then counts; undefined when that must not be, or nobody is there.
   * `seen`: an application may have seen it.
   */
  protected chance(
    record: RequestRecord | undefined,
    seen: boolean,
    now: number,
  ): Target | undefined {
    const { conduct } = this.plan;
    const { retries, budget } = conduct;
    if (record === undefined || !record.whole || this.#retries >= retries.attempts)
      return undefined;
    if (seen && !isRepeatable(record.method, retries)) return undefined;
    this.noteTried();
    const target = this.nextTarget(record) ?? (seen ? this.#triedTarget() : undefined);
    this.leaveRetry();
    const breaker = target?.breaker ?? conduct.breaker;
    if (target === undefined || !breaker.enterRetry()) return undefined;
    this.#retrying = breaker;
    if (budget.withdraw(now)) {
      this.#retries += 1;
      return target;
    }
    this.leaveRetry();
    return undefined;
  }

  /** Milliseconds before it is sent. */
  protected wait(): number {
    return waitBefore(this.#retries, this.plan.conduct.retries, Math.random());
  }

  /** The retry is over. */
  protected leaveRetry(): void {
    this.#retrying?.leaveRetry();
    this.#retrying = undefined;
  }

  /** With few endpoints one that has answered is asked again, after a while: preferably not the last. */
  #triedTarget(): Target | undefined {
    const { targets, key } = this.plan;
    const last = this.target as Target;
    return targets.next(key, [last], true) ?? targets.next(key, NONE, true);
  }

  static #onTimeUp(exchange: Retrying): void {
    exchange.stop(failureAnswer("REQUEST_TIMED_OUT", exchange.plan.service));
  }
}
