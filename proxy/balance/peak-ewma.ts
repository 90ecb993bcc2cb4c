// Peak EWMA: of a few endpoints the one where a request has least to wait, by its latency and the requests before it.
// The cost is Finagle's and Linkerd's, latency × (requests in flight + 1).
import { Contest } from "./contest.ts";
import type { EndpointPicker } from "./picker.ts";

/** ms; Finagle's penalty: an endpoint that has not given its first answer yet is not asked a second time, if possible. */
const UNANSWERED = 1e9;

export class PeakEwmaPicker extends Contest implements EndpointPicker {
  /**
   * Smaller differences are chance, and not even fair: who is asked more often shows more of its peaks, who is asked less
   * often has forgotten more of them.
   */
  protected override readonly margin: number = 0.9;

  protected override cost(index: number, now: number): number {
    const load = this.load(index);
    const latency = this.candidates.members[index]?.latency(now) ?? 0;
    if (latency > 0) return latency * (load + 1);
    return load > 0 ? UNANSWERED + load : 0;
  }
}
