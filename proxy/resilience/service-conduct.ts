// One service's policy as this sidecar follows it. There is one object for as long as the service is known: what was counted
// (requests in flight, retries of the last seconds) goes on counting when the policy changes.
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import type { Policy } from "../../mesh/policy/policy.ts";
import { readPolicy } from "../../mesh/policy/read-policy.ts";
import type { CallLimit } from "../configuration/calls-report.ts";
import type { Conduct } from "../http/plan.ts";
import { ServiceBreaker } from "./breaker.ts";
import { RetryBudget } from "./retry-budget.ts";

export class ServiceConduct {
  readonly breaker: ServiceBreaker;
  readonly #budget: RetryBudget;
  #document: string;
  #policy: Policy;
  #conduct: Conduct;

  constructor(document: PolicyDocument) {
    this.#document = JSON.stringify(document);
    this.#policy = readPolicy(document, "lenient").policy;
    this.breaker = new ServiceBreaker(this.#policy.limits);
    this.#budget = new RetryBudget(this.#policy.retries);
    this.#conduct = this.#build();
  }

  get policy(): Policy {
    return this.#policy;
  }

  /** The same object until the policy changes. */
  get conduct(): Conduct {
    return this.#conduct;
  }

  /** Milliseconds until a connection to an endpoint must stand. */
  get connectTimeout(): number {
    return this.#policy.timeouts.connect;
  }

  /** Tries beyond the first that were made of its requests. */
  get retries(): number {
    return this.#budget.spent;
  }

  /** How often each limit was in the way, of those that ever were. */
  overflows(): Partial<Record<CallLimit, number>> {
    const all = { ...this.breaker.overflows, "retry-budget": this.#budget.refused };
    return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
  }

  /** Limits that are reached now. */
  reached(): readonly CallLimit[] {
    return this.breaker.reached();
  }

  /** From now on this document holds. */
  follow(document: PolicyDocument): void {
    const text = JSON.stringify(document);
    if (text === this.#document) return;
    this.#document = text;
    this.#policy = readPolicy(document, "lenient").policy;
    this.breaker.follow(this.#policy.limits);
    this.#budget.follow(this.#policy.retries);
    this.#conduct = this.#build();
  }

  #build(): Conduct {
    const { timeouts, retries } = this.#policy;
    return { timeouts, retries, breaker: this.breaker, budget: this.#budget };
  }
}
