// The live state of one port of one service that this sidecar calls. It outlives configurations: an endpoint keeps its
// health, its latency and its count of requests as long as it has the same id at the same address; one that comes back
// elsewhere is another process and begins anew.
import type { Policy } from "../../mesh/policy/policy.ts";
import { EndpointGroup } from "../balance/endpoint-group.ts";
import { slowStartShare } from "../balance/slow-start.ts";
import type { Endpoint, EndpointReport } from "../configuration/snapshot.ts";
import type { Breaker } from "../http/plan.ts";
import type { Destination } from "../http/streams.ts";
import { EndpointTarget } from "./endpoint-target.ts";
import { OutlierDetector } from "./outlier-detector.ts";

export type CallPolicy = Pick<Policy, "balance" | "outlier" | "recovery">;

export interface CalledEndpoint {
  readonly endpoint: Endpoint;
  readonly destination: Destination;
}

/** What the state rests on, injected for the sake of tests. */
export interface Surroundings {
  /** ms, as `performance.now()`. */
  readonly now: () => number;
  /** 0 to below 1. */
  readonly random: () => number;
}

export class CalledService {
  readonly #service: string;
  readonly #port: number;
  readonly #surroundings: Surroundings;
  readonly #detector: OutlierDetector;
  readonly #breaker: Breaker;
  #policy: CallPolicy;
  #members: ReadonlyMap<string, EndpointTarget> = new Map();
  #groups = new Map<string | undefined, EndpointGroup>();
  /** What the groups were built from. */
  #built = "";

  /** `service`: the catalog name; `port`: the one that callers dial; `breaker`: of the service, with all of its ports. */
  constructor(
    service: string,
    port: number,
    policy: CallPolicy,
    breaker: Breaker,
    surroundings: Surroundings,
  ) {
    this.#breaker = breaker;
    this.#service = service;
    this.#port = port;
    this.#policy = policy;
    this.#surroundings = surroundings;
    const { now, random } = surroundings;
    this.#detector = new OutlierDetector(policy.outlier, policy.recovery, random, now());
  }

  /**
   * Takes over what a new configuration says. Targets handed out before stay valid and know nothing of it but who has left: a
   * request that is tried again would meet those that went at the same moment as its first.
   */
  update(endpoints: readonly CalledEndpoint[], policy: CallPolicy, now: number): void {
    const { balance, outlier, recovery } = policy;
    const known = this.#members;
    const joinedAt = known.size === 0 ? Number.NEGATIVE_INFINITY : now;
    const members = new Map<string, EndpointTarget>();
    for (const { endpoint, destination } of endpoints) {
      const key = `${endpoint.id} ${endpoint.address}:${endpoint.port}`;
      const target =
        known.get(key) ??
        new EndpointTarget(
          endpoint,
          destination,
          this.#detector,
          this.#breaker,
          joinedAt,
          balance.decay,
        );
      target.update(endpoint, destination, balance.decay);
      members.set(key, target);
    }
    for (const [key, target] of known) if (!members.has(key)) target.depart();
    this.#policy = policy;
    this.#members = members;
    const healths = [...members.values()].map(({ health }) => health);
    this.#detector.update(healths, outlier, recovery, now);
    this.#dropGroups(endpoints);
  }

  /** The endpoints of a version, all without one; the same object until `update` is told something else. */
  targets(version: string | undefined): EndpointGroup {
    const existing = this.#groups.get(version);
    if (existing !== undefined) return existing;
    const all = [...this.#members.values()];
    const members =
      version === undefined ? all : all.filter(({ endpoint }) => endpoint.version === version);
    const group = new EndpointGroup(
      members,
      this.#policy.balance,
      this.#detector,
      this.#surroundings,
    );
    this.#groups.set(version, group);
    return group;
  }

  /** Endpoints that were ejected, each as often as it was. */
  get ejections(): number {
    return this.#detector.ejections;
  }

  /** How the endpoints are now, in the order of the configuration. `wall`: the wall clock, ms. */
  report(wall: number): EndpointReport[] {
    const now = this.#surroundings.now();
    this.#detector.sweep(now);
    const disregarded = this.#inPanic();
    return [...this.#members.values()].map((target) =>
      this.#reportOf(target, disregarded.has(target), now, wall),
    );
  }

  /** Brings states up to the present where no requests do. */
  sweep(now: number): void {
    this.#detector.sweep(now);
  }

  /** Endpoints whose ejection does not keep requests from them: from all, or from those of their version. */
  #inPanic(): ReadonlySet<EndpointTarget> {
    const groups = [...this.#groups.values()].filter(({ panic }) => panic);
    return new Set(groups.flatMap(({ members }) => members));
  }

  #reportOf(target: EndpointTarget, inPanic: boolean, now: number, wall: number): EndpointReport {
    const { health, joinedAt } = target;
    const { state, reason, changedAt, ejections } = health;
    const warmth = slowStartShare(now - joinedAt, this.#policy.balance);
    return {
      service: this.#service,
      port: this.#port,
      id: target.id,
      state,
      reason,
      since: changedAt === undefined ? 0 : Math.round(wall - (now - changedAt)),
      share: Math.round((inPanic ? 100 : this.#detector.share(health, now)) * warmth),
      ejections,
      activeRequests: target.active,
      latency: Math.round(target.latency(now) * 100) / 100,
    };
  }

  /** A configuration that changes nothing here costs no new rings and tables. */
  #dropGroups(endpoints: readonly CalledEndpoint[]): void {
    const description = endpoints.map(({ endpoint }) => endpoint);
    const built = JSON.stringify([description, this.#policy.balance]);
    if (built === this.#built) return;
    this.#built = built;
    this.#groups = new Map();
  }
}
