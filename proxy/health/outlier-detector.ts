// Decides when an endpoint is ejected and how it returns, for the endpoints of one service as this sidecar sees them.
// The rules are Envoy's outlier detection (consecutive failures at once, rates at a sweep); the return is our own: real
// requests as probes, then a growing share of the load, and back at once on a failure. Without a timer: requests, reports
// and the sidecar's upkeep bring the time along.
import type { OutlierPolicy, RecoveryPolicy } from "../../mesh/policy/policy.ts";
import type { EndpointHealth } from "./endpoint-health.ts";
import { OUTCOME, type Outcome } from "./outcome.ts";
import { failingByPercentage, failingBySuccessRate, type RateVerdict } from "./rates.ts";

export class OutlierDetector {
  readonly #random: () => number;
  #members: readonly EndpointHealth[] = [];
  #outlier: OutlierPolicy;
  #recovery: RecoveryPolicy;
  #nextSweep: number;
  #epoch = 0;
  /** Endpoints that were ejected, each as often as it was. */
  ejections = 0;

  /** `random`: 0 to below 1. */
  constructor(outlier: OutlierPolicy, recovery: RecoveryPolicy, random: () => number, now: number) {
    this.#outlier = outlier;
    this.#recovery = recovery;
    this.#random = random;
    this.#nextSweep = now + outlier.interval;
  }

  /** Grows with every change of a state, so that whoever has derived something knows when it is out of date. */
  get epoch(): number {
    return this.#epoch;
  }

  update(
    members: readonly EndpointHealth[],
    outlier: OutlierPolicy,
    recovery: RecoveryPolicy,
    now: number,
  ): void {
    this.#members = members;
    this.#outlier = outlier;
    this.#recovery = recovery;
    this.#nextSweep = Math.min(this.#nextSweep, now + outlier.interval);
    this.#epoch += 1;
  }

  /** Percent of its usual load that the endpoint's state leaves it. */
  share(health: EndpointHealth, now: number): number {
    if (health.out) return 0;
    if (health.state === "healthy") return 100;
    const { initialWeight, ramp } = this.#recovery;
    const progress = ramp > 0 ? (now - (health.changedAt ?? now)) / ramp : 1;
    const share = initialWeight + (100 - initialWeight) * Math.max(0, progress);
    // Not nothing: it may be the only one left.
    return Math.min(100, Math.max(1, share));
  }

  /** A try that began then has ended so, or has told all that is of interest. */
  note(health: EndpointHealth, outcome: Outcome, now: number, began: number): void {
    health.finish(began);
    // What began before an ejection was counted towards it, or would have been.
    if (outcome === OUTCOME.NONE || !health.concerns(began)) return;
    this.#advance(health, now);
    health.total += 1;
    if (outcome === OUTCOME.SUCCESS) this.#succeeded(health, now);
    else this.#failed(health, outcome, now);
  }

  /** Brings all states up to the present, and looks at rates when it is time. */
  sweep(now: number): void {
    for (const health of this.#members) this.#advance(health, now);
    if (now < this.#nextSweep) return;
    this.#nextSweep = now + this.#outlier.interval;
    const steady = this.#members.filter(({ state }) => state === "healthy");
    this.#ejectFailing(failingBySuccessRate(steady, this.#outlier), now);
    this.#ejectFailing(failingByPercentage(steady, this.#outlier), now);
    for (const health of this.#members) {
      health.successes = 0;
      health.total = 0;
    }
  }

  /** What time alone changes. */
  #advance(health: EndpointHealth, now: number): void {
    switch (health.state) {
      case "healthy":
        health.forgive(this.#outlier.baseEjectionTime, now);
        return;
      case "ejected":
        if (now < health.until) return;
        health.startProbing(now);
        this.#epoch += 1;
        if (this.#recovery.probes <= 0) this.#recover(health, now);
        return;
      case "recovering":
        if (this.share(health, now) < 100) return;
        health.heal(now);
        this.#epoch += 1;
        return;
      default:
    }
  }

  #succeeded(health: EndpointHealth, now: number): void {
    health.successes += 1;
    health.failures.clear();
    if (health.state !== "probing") return;
    health.passProbe();
    if (health.probesPassed >= this.#recovery.probes) this.#recover(health, now);
  }

  #failed(health: EndpointHealth, outcome: Outcome, now: number): void {
    const { state } = health;
    if (state === "probing" || state === "recovering") {
      this.#eject(health, `${FAILED_BY[outcome]} while it was ${state}`, now);
      return;
    }
    health.failures.add(outcome);
    const reason = state === "healthy" ? this.#tooManyInARow(health) : undefined;
    if (reason !== undefined) this.#eject(health, reason, now);
  }

  #tooManyInARow({ failures }: EndpointHealth): string | undefined {
    const rules = this.#outlier;
    const { connect, timeouts, gateway, serverErrors } = failures;
    if (reached(connect, rules.consecutiveConnectFailures))
      return `${connect} connections in a row that could not be made`;
    if (reached(timeouts, rules.consecutiveTimeouts)) return `${timeouts} timeouts in a row`;
    if (reached(gateway, rules.consecutiveGatewayFailures))
      return `${gateway} gateway failures in a row`;
    if (reached(serverErrors, rules.consecutive5xx))
      return `${serverErrors} answers of 5xx in a row`;
    return undefined;
  }

  #ejectFailing(verdicts: readonly RateVerdict[], now: number): void {
    for (const { health, reason } of verdicts)
      if (health.state === "healthy") this.#eject(health, reason, now);
  }

  #eject(health: EndpointHealth, reason: string, now: number): void {
    if (!health.out && !this.#mayEject()) {
      // Too many are out: it stays, and one that was returning begins its return anew.
      if (health.state === "recovering") this.#recover(health, now);
      return;
    }
    this.ejections += 1;
    health.eject(reason, now + this.#ejectionTime(health.ejections + 1), now);
    this.#epoch += 1;
  }

  /** One may always go where ejections are allowed at all and another stays: 10 % of three endpoints would be none. */
  #mayEject(): boolean {
    const { maxEjectionPercent } = this.#outlier;
    const { length } = this.#members;
    if (maxEjectionPercent <= 0) return false;
    let out = 0;
    for (const member of this.#members) if (member.out) out += 1;
    const share = Math.max(1, Math.floor((length * maxEjectionPercent) / 100));
    return out < Math.min(share, length - 1);
  }

  #ejectionTime(ejections: number): number {
    const { baseEjectionTime, maxEjectionTime, ejectionJitter } = this.#outlier;
    const longest = Math.max(baseEjectionTime, maxEjectionTime);
    const time = Math.min(baseEjectionTime * ejections, longest);
    return time * (1 + (this.#random() * ejectionJitter) / 100);
  }

  #recover(health: EndpointHealth, now: number): void {
    if (this.#recovery.ramp > 0) health.startRecovering(now);
    else health.heal(now);
    this.#epoch += 1;
  }
}

const FAILED_BY: Readonly<Record<Outcome, string>> = {
  [OUTCOME.NONE]: "nothing",
  [OUTCOME.SUCCESS]: "a success",
  [OUTCOME.SERVER_ERROR]: "an answer of 5xx",
  [OUTCOME.GATEWAY_FAILURE]: "a gateway failure",
  [OUTCOME.CONNECT_FAILURE]: "a connection that could not be made",
  [OUTCOME.TIMEOUT]: "a timeout",
};

/** A limit of 0 is never reached. */
function reached(count: number, limit: number): boolean {
  return limit > 0 && count >= limit;
}
