// Where the requests of one service and version go: the picker, and around it what no algorithm should have to know of:
// ejections and panic, probes, same-node preference, slow start, and endpoints that were tried already. Weights in force
// are derived from all of that when a state has changed, and otherwise every 50 ms, not for each request.
import type { BalancePolicy } from "../../mesh/policy/policy.ts";
import type { EndpointTarget } from "../health/endpoint-target.ts";
import type { OutlierDetector } from "../health/outlier-detector.ts";
import type { Target, Targets } from "../http/plan.ts";
import { createPicker } from "./create-picker.ts";
import type { Candidates, EndpointPicker } from "./picker.ts";
import { keepToSameNode } from "./same-node.ts";
import { slowStartShare } from "./slow-start.ts";

/** How old weights may be, ms: steps of a ramp that nobody notices. */
const REFRESH_AFTER = 50;

export class EndpointGroup implements Targets {
  /** In the order of the configuration. */
  readonly members: readonly EndpointTarget[];
  readonly #policy: BalancePolicy;
  readonly #detector: OutlierDetector;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #sameNode: readonly boolean[];
  readonly #candidates: Candidates;
  readonly #picker: EndpointPicker;
  /** In force if endpoints elsewhere counted as those on this node do. */
  readonly #everywhere: Float64Array;
  #local = false;
  #panic = false;
  /** Whoever could be used has left: then one of those may still be there. */
  #deserted = false;
  #probing = 0;
  #refreshAt = Number.NEGATIVE_INFINITY;
  #epoch = -1;

  constructor(
    members: readonly EndpointTarget[],
    policy: BalancePolicy,
    detector: OutlierDetector,
    { now, random }: { readonly now: () => number; readonly random: () => number },
  ) {
    this.members = members;
    this.#policy = policy;
    this.#detector = detector;
    this.#now = now;
    this.#random = random;
    this.#sameNode = members.map(({ endpoint }) => endpoint.sameNode);
    const configured = Float64Array.from(members, ({ endpoint }) => endpoint.weight);
    this.#everywhere = new Float64Array(members.length);
    this.#candidates = { members, configured, weights: Float64Array.from(configured) };
    this.#picker = createPicker(policy, this.#candidates, random);
  }

  next(key: number, tried: readonly Target[], repeatable: boolean): EndpointTarget | undefined {
    const now = this.#now();
    this.#keepFresh(now);
    const chosen = this.#choose(key, tried, repeatable, now);
    if (chosen === undefined || this.#deserted || !chosen.departed) return chosen;
    // It has left since the weights were derived.
    this.#refresh(now);
    return this.#choose(key, tried, repeatable, now);
  }

  contains(target: Target | undefined): boolean {
    return this.members.includes(target as EndpointTarget);
  }

  /** Whether requests go to this endpoint now, so that one that asks for it can have it. */
  accepts(target: Target): boolean {
    this.#keepFresh(this.#now());
    const index = this.members.indexOf(target as EndpointTarget);
    return index >= 0 && (this.#everywhere[index] as number) > 0;
  }

  #keepFresh(now: number): void {
    if (now >= this.#refreshAt || this.#epoch !== this.#detector.epoch) this.#refresh(now);
  }

  #refresh(now: number): void {
    const { weights } = this.#candidates;
    this.#detector.sweep(now);
    this.#refreshAt = now + REFRESH_AFTER;
    this.#epoch = this.#detector.epoch;
    this.#assess();
    for (let index = 0; index < weights.length; index += 1) {
      const weight = this.#weightOf(this.members[index] as EndpointTarget, now);
      weights[index] = weight;
      this.#everywhere[index] = weight;
    }
    this.#local = this.#policy.sameNode && keepToSameNode(weights, this.#sameNode);
    this.#picker.weigh();
  }

  /** Envoy's panic threshold: ejections are about single endpoints; when most fail alike, spreading the load is better. */
  get panic(): boolean {
    let out = 0;
    for (const { health } of this.members) if (health.out) out += 1;
    const { length } = this.members;
    return ((length - out) * 100) / length < this.#policy.panicThreshold;
  }

  #assess(): void {
    let probing = 0;
    for (const { health } of this.members) if (health.state === "probing") probing += 1;
    this.#probing = probing;
    this.#panic = this.panic;
    this.#deserted = this.members.every(
      ({ departed, health }) => departed || (health.out && !this.#panic),
    );
  }

  #weightOf({ endpoint, health, joinedAt, departed }: EndpointTarget, now: number): number {
    if (departed && !this.#deserted) return 0;
    const share = this.#panic ? 100 : this.#detector.share(health, now);
    return (endpoint.weight * share * slowStartShare(now - joinedAt, this.#policy)) / 100;
  }

  #choose(
    key: number,
    tried: readonly Target[],
    repeatable: boolean,
    now: number,
  ): EndpointTarget | undefined {
    if (tried.length > 0) return this.#another(key, tried, now);
    if (this.#probing > 0) {
      const probed = this.#awaitingProbe(repeatable, now);
      if (probed !== undefined) return probed;
    }
    return this.members[this.#picker.pick(key, now)];
  }

  #awaitingProbe(repeatable: boolean, now: number): EndpointTarget | undefined {
    for (const member of this.members) if (member.health.wantsProbe(repeatable, now)) return member;
    return undefined;
  }

  /** For one pick, those that were tried weigh nothing. */
  #another(key: number, tried: readonly Target[], now: number): EndpointTarget | undefined {
    const { weights } = this.#candidates;
    for (const target of tried) this.#set(weights, target, 0);
    const index = this.#picker.pick(key, now);
    for (const target of tried) this.#restore(weights, target);
    if (index >= 0) return this.members[index];
    return this.#local ? this.#elsewhere(tried) : undefined;
  }

  #set(weights: Float64Array, target: Target, weight: number): void {
    const index = this.members.indexOf(target as EndpointTarget);
    if (index >= 0) weights[index] = weight;
  }

  #restore(weights: Float64Array, target: Target): void {
    const index = this.members.indexOf(target as EndpointTarget);
    if (index < 0) return;
    const kept = !this.#local || this.#sameNode[index] === true;
    weights[index] = kept ? (this.#everywhere[index] as number) : 0;
  }

  /** The endpoints on this node have been tried: one of the others, by weight. */
  #elsewhere(tried: readonly Target[]): EndpointTarget | undefined {
    let sum = 0;
    let chosen: EndpointTarget | undefined;
    for (const [index, weight] of this.#everywhere.entries()) {
      const member = this.members[index] as EndpointTarget;
      if (weight <= 0 || tried.includes(member)) continue;
      sum += weight;
      if (this.#random() * sum < weight) chosen = member;
    }
    return chosen;
  }
}
