// How many retries a service is worth: a share of its requests, so that a service that fails is not buried under them, and
// a few a second in any case, so that one with few requests is retried at all.
import type { RetryPolicy } from "../../mesh/policy/policy.ts";
import type { Budget } from "../http/plan.ts";

/** Seconds that are looked back upon. */
const WINDOW = 10;

export class RetryBudget implements Budget {
  #policy: RetryPolicy;
  /** By second, modulo the window. */
  readonly #requests = new Int32Array(WINDOW);
  readonly #retries = new Int32Array(WINDOW);
  /** Of the whole window. */
  #allRequests = 0;
  #allRetries = 0;
  #second = 0;
  /** Retries that were made, and those for which it did not suffice. */
  spent = 0;
  refused = 0;

  constructor(policy: RetryPolicy) {
    this.#policy = policy;
  }

  /** From now on. */
  follow(policy: RetryPolicy): void {
    this.#policy = policy;
  }

  deposit(now: number): void {
    this.#advance(now);
    const slot = this.#second % WINDOW;
    this.#requests[slot] = (this.#requests[slot] as number) + 1;
    this.#allRequests += 1;
  }

  withdraw(now: number): boolean {
    this.#advance(now);
    const { budget, budgetMin } = this.#policy;
    const slot = this.#second % WINDOW;
    const inThisSecond = this.#retries[slot] as number;
    const isWithinShare = this.#allRetries + 1 <= (this.#allRequests * budget) / 100;
    if (!isWithinShare && inThisSecond >= budgetMin) {
      this.refused += 1;
      return false;
    }
    this.spent += 1;
    this.#retries[slot] = inThisSecond + 1;
    this.#allRetries += 1;
    return true;
  }

  /** Forgets the seconds that have left the window. */
  #advance(now: number): void {
    const second = Math.floor(now / 1_000);
    if (second <= this.#second) return;
    const first = Math.max(this.#second + 1, second - WINDOW + 1);
    for (let passed = first; passed <= second; passed += 1) {
      const slot = passed % WINDOW;
      this.#allRequests -= this.#requests[slot] as number;
      this.#allRetries -= this.#retries[slot] as number;
      this.#requests[slot] = 0;
      this.#retries[slot] = 0;
    }
    this.#second = second;
  }
}
