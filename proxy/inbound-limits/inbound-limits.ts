// How much the own application takes: requests in flight, requests a second, and requests a second of each caller. What has
// been used up outlives a change of configuration that leaves the numbers as they are.
import type { LimitPolicy } from "../../mesh/policy/policy.ts";
import { CallerBuckets } from "./caller-buckets.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Requests and connections that have come in and are not over; one object for the sidecar's life. */
export interface InFlight {
  count: number;
}

/** Why something is not let in. */
export interface Excess {
  readonly code: "OVERLOADED" | "RATE_LIMITED";
  /** Seconds after which it is worth coming back, at least 1. */
  readonly retryAfter: number;
}

const OVERLOADED: Excess = { code: "OVERLOADED", retryAfter: 1 };

export class InboundLimits {
  readonly inFlight: InFlight;
  readonly #policy: LimitPolicy;
  readonly #all: TokenBucket | undefined;
  readonly #callers: CallerBuckets | undefined;

  private constructor(policy: LimitPolicy, inFlight: InFlight, now: number) {
    const { rate, ratePerCaller } = policy;
    this.inFlight = inFlight;
    this.#policy = policy;
    if (rate > 0) this.#all = new TokenBucket(rate, capacityOf(rate, policy), now);
    if (ratePerCaller > 0) {
      this.#callers = new CallerBuckets(ratePerCaller, capacityOf(ratePerCaller, policy));
    }
  }

  /** The previous ones, when they say the same. */
  static from(
    policy: LimitPolicy,
    previous: InboundLimits | undefined,
    now: number,
  ): InboundLimits {
    if (previous !== undefined && isSame(policy, previous.#policy)) return previous;
    return new InboundLimits(policy, previous?.inFlight ?? { count: 0 }, now);
  }

  /** Whether anything is limited at all. */
  get any(): boolean {
    return (
      this.#policy.inboundRequests > 0 || this.#all !== undefined || this.#callers !== undefined
    );
  }

  /**
   * Whether one more may come in, which is counted in {@link inFlight} already; undefined takes its tokens. `caller` tells
   * callers apart.
   */
  admit(caller: string, now: number): Excess | undefined {
    const { inboundRequests } = this.#policy;
    if (inboundRequests > 0 && this.inFlight.count > inboundRequests) return OVERLOADED;
    const own = this.#callers?.of(caller, now);
    const wait = Math.max(own?.wait(now) ?? 0, this.#all?.wait(now) ?? 0);
    if (wait > 0) return { code: "RATE_LIMITED", retryAfter: Math.ceil(wait / 1_000) };
    own?.take();
    this.#all?.take();
    return undefined;
  }
}

/** Without a burst of its own, what the rate allows in a second. */
function capacityOf(rate: number, { burst }: LimitPolicy): number {
  return Math.max(1, burst > 0 ? burst : rate);
}

function isSame(one: LimitPolicy, other: LimitPolicy): boolean {
  return (
    one.inboundRequests === other.inboundRequests &&
    one.rate === other.rate &&
    one.ratePerCaller === other.ratePerCaller &&
    one.burst === other.burst
  );
}
