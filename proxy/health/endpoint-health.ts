// The state of one endpoint's health and what it rests on. It knows how states follow each other; when they change is
// decided by the outlier detector.
//
//   healthy ──failures──▶ ejected ──time──▶ probing ──successes──▶ recovering ──ramp──▶ healthy
//                            ▲─────────────────┴── any failure ────────┘
import type { EndpointState } from "../configuration/snapshot.ts";
import { OUTCOME, type Outcome } from "./outcome.ts";

/** Failures in a row, by kind; a success sets all of them to 0. */
export class ConsecutiveFailures {
  serverErrors = 0;
  gateway = 0;
  connect = 0;
  timeouts = 0;

  add(outcome: Outcome): void {
    if (outcome === OUTCOME.SERVER_ERROR || outcome === OUTCOME.GATEWAY_FAILURE)
      this.serverErrors += 1;
    if (outcome === OUTCOME.GATEWAY_FAILURE) this.gateway += 1;
    if (outcome === OUTCOME.CONNECT_FAILURE) this.connect += 1;
    if (outcome === OUTCOME.TIMEOUT) this.timeouts += 1;
  }

  clear(): void {
    this.serverErrors = 0;
    this.gateway = 0;
    this.connect = 0;
    this.timeouts = 0;
  }
}

/** How long a probe waits for a request that may be repeated before it takes any, ms. */
const PROBE_PATIENCE = 2_000;

/** How long a probe may tell nothing before it is no probe any more, ms: it must not keep the endpoint from another one. */
const PROBE_TIME = 15_000;

/** No probe is under way. */
const NONE = -1;

export class EndpointHealth {
  readonly failures: ConsecutiveFailures = new ConsecutiveFailures();
  /** Since the last sweep. */
  successes = 0;
  total = 0;

  #state: EndpointState = "healthy";
  #reason = "";
  /** When the state began; undefined before any change. */
  #changedAt: number | undefined;
  /** When an ejection ends. */
  #until = 0;
  #ejections = 0;
  /** From when healthy time has not been counted against the ejections yet. */
  #healthyFrom = 0;
  #probesPassed = 0;
  /** When the probe in flight began. */
  #probe = NONE;
  /** When the last probe began, or probing did. */
  #probedAt = 0;

  get state(): EndpointState {
    return this.#state;
  }

  get reason(): string {
    return this.#reason;
  }

  get changedAt(): number | undefined {
    return this.#changedAt;
  }

  get until(): number {
    return this.#until;
  }

  /** In a row, less those that healthy time has made up for. */
  get ejections(): number {
    return this.#ejections;
  }

  get probesPassed(): number {
    return this.#probesPassed;
  }

  /** Whether it takes no part in balancing. */
  get out(): boolean {
    return this.#state === "ejected" || this.#state === "probing";
  }

  eject(reason: string, until: number, now: number): void {
    this.#enter("ejected", reason, now);
    this.#until = until;
    this.#ejections += 1;
  }

  /** The ejection is over; real requests are to say whether it works again. */
  startProbing(now: number): void {
    this.#enter("probing", this.#reason, now);
    this.#probedAt = now;
  }

  startRecovering(now: number): void {
    this.#enter("recovering", this.#reason, now);
  }

  heal(now: number): void {
    this.#enter("healthy", "", now);
    this.#healthyFrom = now;
  }

  /** Whether the try that began then tells something about the present state. */
  concerns(began: number): boolean {
    return this.#changedAt === undefined || began >= this.#changedAt;
  }

  /** Whether it should get a request now; one that may be repeated is preferred, for the sake of its caller. */
  wantsProbe(repeatable: boolean, now: number): boolean {
    if (this.#state !== "probing" || this.#isProbed(now)) return false;
    return repeatable || now - this.#probedAt >= PROBE_PATIENCE;
  }

  /** A try begins. */
  begin(now: number): void {
    if (this.#state !== "probing" || this.#isProbed(now)) return;
    this.#probe = now;
    this.#probedAt = now;
  }

  /** Milliseconds that the try that began then has for an answer, as a probe; 0: it is none. */
  probeTime(began: number): number {
    return this.#probe === began ? PROBE_TIME : 0;
  }

  /** What was to be learned of the try has been learned, or nothing will be. */
  finish(began: number): void {
    if (this.#probe === began) this.#probe = NONE;
  }

  passProbe(): void {
    this.#probesPassed += 1;
  }

  /** Healthy time makes up for ejections: one for each `step` ms. */
  forgive(step: number, now: number): void {
    if (this.#state !== "healthy" || this.#ejections === 0 || step <= 0) return;
    const steps = Math.floor((now - this.#healthyFrom) / step);
    if (steps <= 0) return;
    this.#ejections = Math.max(0, this.#ejections - steps);
    this.#healthyFrom += steps * step;
  }

  #isProbed(now: number): boolean {
    return this.#probe !== NONE && now - this.#probe < PROBE_TIME;
  }

  #enter(state: EndpointState, reason: string, now: number): void {
    this.#state = state;
    this.#reason = reason;
    this.#changedAt = now;
    this.#probesPassed = 0;
    this.#probe = NONE;
    this.failures.clear();
  }
}
