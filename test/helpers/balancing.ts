// Services as a sidecar sees them, for tests of balancing and health: endpoints, policies, chance and time under control.
import type { BalancePolicy, OutlierPolicy, RecoveryPolicy } from "../../mesh/policy/policy.ts";
import { seededRandom } from "../../mesh/seeded-random.ts";
import type { EndpointGroup } from "../../proxy/balance/endpoint-group.ts";
import type { Endpoint } from "../../proxy/configuration/snapshot.ts";
import type { FailureCode } from "../../proxy/failures.ts";
import {
  type CalledEndpoint,
  CalledService,
  type CallPolicy,
} from "../../proxy/health/called-service.ts";
import type { EndpointTarget } from "../../proxy/health/endpoint-target.ts";
import type { Target } from "../../proxy/http/plan.ts";
import type { Destination } from "../../proxy/http/streams.ts";
import { UNLIMITED } from "../../proxy/resilience/unlimited.ts";

const BALANCE: BalancePolicy = {
  ...{ algorithm: "random", hashOn: { kind: "source" }, choices: 2, decay: 10_000 },
  ...{ stickyCookie: "", sameNode: false, panicThreshold: 0 },
  ...{ slowStart: 0, slowStartAggression: 1, slowStartMinWeight: 10 },
};

/** Five failures of a kind in a row eject for 10 s; no jitter, no rates. */
const OUTLIER: OutlierPolicy = {
  ...{ consecutive5xx: 5, consecutiveGatewayFailures: 5 },
  ...{ consecutiveConnectFailures: 5, consecutiveTimeouts: 5 },
  ...{ interval: 10_000, baseEjectionTime: 10_000, maxEjectionTime: 300_000 },
  ...{ ejectionJitter: 0, maxEjectionPercent: 50 },
  ...{ successRateStdevFactor: 0, successRateMinimumHosts: 3, successRateRequestVolume: 20 },
  ...{ failurePercentageThreshold: 0, failurePercentageMinimumHosts: 2 },
  failurePercentageRequestVolume: 20,
};

const RECOVERY: RecoveryPolicy = { probes: 3, ramp: 10_000, initialWeight: 10 };

export function callPolicy(
  balance: Partial<BalancePolicy> = {},
  outlier: Partial<OutlierPolicy> = {},
  recovery: Partial<RecoveryPolicy> = {},
): CallPolicy {
  return {
    balance: { ...BALANCE, ...balance },
    outlier: { ...OUTLIER, ...outlier },
    recovery: { ...RECOVERY, ...recovery },
  };
}

/** Endpoints `orders-0`, `orders-1` and so on, at addresses of their own. */
export function calledEndpoints(
  count: number,
  parts: (index: number) => Partial<Endpoint> = () => ({}),
): CalledEndpoint[] {
  return Array.from({ length: count }, (_, index) => {
    const endpoint: Endpoint = {
      ...{ id: `orders-${index}`, address: `10.0.0.${index + 1}`, port: 15_001 },
      ...{ version: undefined, weight: 1, sameNode: false },
      ...parts(index),
    };
    return { endpoint, destination: destinationOf(endpoint) };
  });
}

/** Stands for a place; nothing is sent there. */
function destinationOf({ address, port }: Endpoint): Destination {
  return {
    key: `${address}:${port}`,
    open: () => {
      throw new Error("nothing is sent in this test");
    },
    retire: () => undefined,
    close: () => undefined,
  };
}

/** A called service under a clock that tests move. */
export class ServiceRig {
  now = 1_000;
  readonly random: () => number;
  readonly service: CalledService;
  #policy: CallPolicy;

  constructor(
    endpoints: readonly CalledEndpoint[],
    policy: CallPolicy = callPolicy(),
    seed: number = 1,
  ) {
    this.random = seededRandom(seed);
    this.#policy = policy;
    const surroundings = { now: () => this.now, random: this.random };
    this.service = new CalledService("shop-orders", 80, policy, UNLIMITED.breaker, surroundings);
    this.service.update(endpoints, policy, this.now);
  }

  get targets(): EndpointGroup {
    return this.service.targets(undefined);
  }

  target(id: string): EndpointTarget {
    const found = this.targets.members.find((member) => member.id === id);
    if (found === undefined) throw new Error(`no endpoint ${id}`);
    return found;
  }

  advance(milliseconds: number): this {
    this.now += milliseconds;
    return this;
  }

  /** The next request's endpoint, by id; `none` without one. */
  next(repeatable = true, key = 0, tried: readonly Target[] = []): string {
    return this.targets.next(key, tried, repeatable)?.id ?? "none";
  }

  /** Requests to that endpoint one after the other, each from its beginning to its end. */
  answer(id: string, status: number, times = 1, took = 1): this {
    return this.fail(id, status, times, took);
  }

  /** The same for requests that end in an answer or in a failure. */
  fail(id: string, outcome: number | FailureCode, times: number, took = 1): this {
    const target = this.target(id);
    for (let time = 0; time < times; time += 1) {
      const began = this.now;
      target.begin(began);
      this.now += took;
      if (typeof outcome === "number") target.answered(outcome, this.now, began);
      else target.failed(outcome, this.now, began);
      target.ended(began);
    }
    return this;
  }

  /** A new configuration. */
  update(endpoints: readonly CalledEndpoint[], policy: CallPolicy = this.#policy): this {
    this.#policy = policy;
    this.service.update(endpoints, policy, this.now);
    return this;
  }

  sweep(): this {
    this.service.sweep(this.now);
    return this;
  }

  /** How many of so many requests each endpoint got; they follow each other and are answered well, after 0.05 to 0.15 ms. */
  serve(requests: number): Map<string, number> {
    const counts = new Map(this.targets.members.map(({ id }) => [id, 0]));
    for (let request = 0; request < requests; request += 1) {
      const id = this.next(true, Math.floor(this.random() * 2 ** 32));
      counts.set(id, (counts.get(id) ?? 0) + 1);
      this.answer(id, 200, 1, 0.05 + this.random() / 10);
    }
    return counts;
  }

  /** The same with requests that take no time and leave no trace. */
  spread(requests: number): Map<string, number> {
    const counts = new Map(this.targets.members.map(({ id }) => [id, 0]));
    for (let request = 0; request < requests; request += 1) {
      const key = Math.floor(this.random() * 2 ** 32);
      const target = this.targets.next(key, [], true);
      if (target !== undefined) counts.set(target.id, (counts.get(target.id) ?? 0) + 1);
    }
    return counts;
  }

  /** `orders-0 healthy 100 %` for each, as reports say it. */
  get states(): string[] {
    return this.service.report(0).map(({ id, state, share }) => `${id} ${state} ${share} %`);
  }
}
