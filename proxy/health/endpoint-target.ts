// One endpoint as the requests of this sidecar see it: where it is, how busy, how fast and how healthy. Outlives snapshots.
import { endpointDigest } from "../balance/endpoint-digest.ts";
import type { Candidate } from "../balance/picker.ts";
import type { Endpoint } from "../configuration/snapshot.ts";
import type { FailureCode } from "../failures.ts";
import type { Breaker, Target } from "../http/plan.ts";
import type { Destination } from "../http/streams.ts";
import { EndpointHealth } from "./endpoint-health.ts";
import { PeakLatency } from "./latency.ts";
import { OUTCOME, type Outcome, outcomeOfFailure, outcomeOfStatus } from "./outcome.ts";
import type { OutlierDetector } from "./outlier-detector.ts";

export class EndpointTarget implements Target, Candidate {
  readonly id: string;
  readonly breaker: Breaker;
  /** What a sticky cookie calls it. */
  readonly digest: string;
  readonly health: EndpointHealth = new EndpointHealth();
  /** When it joined endpoints that were known already; minus infinity for one that never has to start slowly. */
  readonly joinedAt: number;
  readonly #detector: OutlierDetector;
  readonly #latency: PeakLatency;
  #endpoint: Endpoint;
  #destination: Destination;
  #active = 0;
  #departed = false;

  constructor(
    endpoint: Endpoint,
    destination: Destination,
    detector: OutlierDetector,
    breaker: Breaker,
    joinedAt: number,
    decay: number,
  ) {
    this.id = endpoint.id;
    this.breaker = breaker;
    this.digest = endpointDigest(endpoint.id);
    this.joinedAt = joinedAt;
    this.#endpoint = endpoint;
    this.#destination = destination;
    this.#detector = detector;
    this.#latency = new PeakLatency(decay);
  }

  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  get version(): string | undefined {
    return this.#endpoint.version;
  }

  get destination(): Destination {
    return this.#destination;
  }

  /** Whether no configuration has it any more, or it said so itself. It may go on serving what it has, or be gone. */
  get departed(): boolean {
    return this.#departed || this.#destination.departing === true;
  }

  depart(): void {
    this.#departed = true;
  }

  get active(): number {
    return this.#active;
  }

  latency(now: number): number {
    return this.#latency.at(now);
  }

  /** The same endpoint as a newer configuration has it. */
  update(endpoint: Endpoint, destination: Destination, decay: number): void {
    this.#endpoint = endpoint;
    this.#destination = destination;
    this.#latency.decay = decay;
  }

  begin(now: number): void {
    this.#active += 1;
    this.health.begin(now);
  }

  probeTime(began: number): number {
    return this.health.probeTime(began);
  }

  answered(status: number, now: number, began: number): void {
    this.#note(outcomeOfStatus(status), now, began);
  }

  failed(code: FailureCode, now: number, began: number): void {
    this.#note(outcomeOfFailure(code), now, began);
  }

  ended(began: number): void {
    this.#active -= 1;
    this.health.finish(began);
  }

  #note(outcome: Outcome, now: number, began: number): void {
    this.#measure(outcome, now - began, now);
    this.#detector.note(this.health, outcome, now, began);
  }

  #measure(outcome: Outcome, milliseconds: number, now: number): void {
    if (outcome === OUTCOME.NONE) return;
    if (outcome !== OUTCOME.SUCCESS) this.#latency.observeFailure(milliseconds, now);
    // How slow it was when it failed must not keep from it the share that it is returning to.
    else if (this.health.state === "probing") this.#latency.restart(milliseconds, now);
    else this.#latency.observe(milliseconds, now);
  }
}
