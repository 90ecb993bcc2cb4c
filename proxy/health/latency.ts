// The latency of one endpoint as the peak EWMA picker weighs it: a moving average that takes peaks at once and forgets
// them over the decay time. Modelled on Finagle's PeakEwma (finagle-core, loadbalancer/PeakEwma.scala), which Linkerd and
// Envoy's contrib picker follow too. As in Finagle an endpoint without any answer has no latency rather than an assumed
// one, so that a new one is measured by its first request and not avoided for the whole decay time of an assumption.

/** Linkerd's `default_rtt`, ms: what is assumed of an endpoint whose only answers so far were failures. */
const ASSUMED = 30;

export class PeakLatency {
  #decay: number;
  #value = 0;
  #stamp = 0;

  /** `decay`: ms after which 1/e of a peak is left. */
  constructor(decay: number) {
    this.#decay = Math.max(decay, 1);
  }

  set decay(decay: number) {
    this.#decay = Math.max(decay, 1);
  }

  /** Whether nothing was ever measured. */
  get unknown(): boolean {
    return this.#value === 0;
  }

  /** ms; 0 before the first answer. Falls while nothing is heard, so that a slow endpoint is tried again some day. */
  at(now: number): number {
    const age = now - this.#stamp;
    return age <= 0 ? this.#value : this.#value * Math.exp(-age / this.#decay);
  }

  /** An answer took `milliseconds`. */
  observe(milliseconds: number, now: number): void {
    const decayed = this.at(now);
    const age = Math.max(now - this.#stamp, 0);
    const kept = Math.exp(-age / this.#decay);
    this.#value = milliseconds >= decayed ? milliseconds : decayed + milliseconds * (1 - kept);
    this.#stamp = now;
  }

  /** Forgets everything but this answer. */
  restart(milliseconds: number, now: number): void {
    this.#value = milliseconds;
    this.#stamp = now;
  }

  /** A failure took `milliseconds`: one that came fast must not make the endpoint look fast. */
  observeFailure(milliseconds: number, now: number): void {
    if (this.unknown) this.observe(Math.max(milliseconds, ASSUMED), now);
    else if (milliseconds > this.at(now)) this.observe(milliseconds, now);
  }
}
