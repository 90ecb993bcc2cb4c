// Peak EWMA: of a few endpoints the one where a request has least to wait, by its latency and the requests before it.
// The cost is Finagle's and Linkerd's, latency × (requests in flight + 1).
import { Contest } from "./contest.ts";
import type { EndpointPicker } from "./picker.ts";

/** ms; Finagle's penalty: an endpoint that has not given its first answer yet is not asked a second time, if possible. */
const UNANSWERED = 1e9;
/** ms; below it latencies are the machine's own. */
const SHORTEST = 1;
/**
 * Latencies that differ by less than this factor count as equal. Such differences are chance, and not even fair: who is asked more
 * often shows more of its peaks. Without it one of two equal endpoints can have two thirds of the requests for a long time.
 */
const ALIKE = 2;

export class PeakEwmaPicker extends Contest implements EndpointPicker {
  protected override isCheaper(index: number, other: number, now: number): boolean {
    const latency = this.#latency(index, now);
    const otherLatency = this.#latency(other, now);
    const load = this.load(index);
    const otherLoad = this.load(other);
    const known = latency > 0 && otherLatency > 0;
    if (known && latency < otherLatency * ALIKE && otherLatency < latency * ALIKE) {
      return load < otherLoad;
    }
    return cost(latency, load) < cost(otherLatency, otherLoad);
  }

  /** 0: not known. */
  #latency(index: number, now: number): number {
    const latency = this.candidates.members[index]?.latency(now) ?? 0;
    return latency > 0 && latency < SHORTEST ? SHORTEST : latency;
  }
}

function cost(latency: number, load: number): number {
  if (latency > 0) return latency * (load + 1);
  return load > 0 ? UNANSWERED + load : 0;
}
