// The limits on what one sidecar has in flight to one service. One object per service for as long as the sidecar knows it:
// limits change with the policy, what is in flight goes on counting.
import type { LimitPolicy } from "../../mesh/policy/policy.ts";
import type { CallLimit } from "../configuration/calls-report.ts";
import type { Breaker } from "../http/plan.ts";

/** The limits that are kept here. */
export type BreakerLimit = Exclude<CallLimit, "retry-budget">;

export class ServiceBreaker implements Breaker {
  #limits: LimitPolicy;
  #requests = 0;
  #pending = 0;
  #retries = 0;
  #connections = 0;
  /** How often each was in the way. */
  readonly overflows: Record<BreakerLimit, number> = {
    ...{ connections: 0, pending: 0, requests: 0, retries: 0 },
  };

  constructor(limits: LimitPolicy) {
    this.#limits = limits;
  }

  /** What was let in under other limits stays. */
  follow(limits: LimitPolicy): void {
    this.#limits = limits;
  }

  enter(): boolean {
    if (isReached(this.#requests, this.#limits.requests)) return this.#refuse("requests");
    this.#requests += 1;
    return true;
  }

  leave(): void {
    this.#requests -= 1;
  }

  enterPending(): boolean {
    if (isReached(this.#pending, this.#limits.pending)) return this.#refuse("pending");
    this.#pending += 1;
    return true;
  }

  leavePending(): void {
    this.#pending -= 1;
  }

  enterRetry(): boolean {
    if (isReached(this.#retries, this.#limits.retries)) return this.#refuse("retries");
    this.#retries += 1;
    return true;
  }

  leaveRetry(): void {
    this.#retries -= 1;
  }

  /** The same for a connection to one of the endpoints, of whatever kind. */
  enterConnection(): boolean {
    if (isReached(this.#connections, this.#limits.connections)) return this.#refuse("connections");
    this.#connections += 1;
    return true;
  }

  leaveConnection(): void {
    this.#connections -= 1;
  }

  /** Those that are reached now. */
  reached(): BreakerLimit[] {
    const { connections, pending, requests, retries } = this.#limits;
    const counts: readonly (readonly [BreakerLimit, number, number])[] = [
      ["connections", this.#connections, connections],
      ["pending", this.#pending, pending],
      ["requests", this.#requests, requests],
      ["retries", this.#retries, retries],
    ];
    return counts.flatMap(([name, count, limit]) => (isReached(count, limit) ? [name] : []));
  }

  #refuse(limit: BreakerLimit): false {
    this.overflows[limit] += 1;
    return false;
  }
}

function isReached(count: number, limit: number): boolean {
  return limit > 0 && count >= limit;
}
