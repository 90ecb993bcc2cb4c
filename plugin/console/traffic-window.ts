// The last half minute of traffic, kept as some samples of counters: the only thing that the console does while nobody looks.
import type { Clock } from "../../mesh/clock.ts";
import { REPORT_INTERVAL } from "../../proxy/configuration/snapshot.ts";
import type { RequestTotals } from "../metrics/request-metrics.ts";
import type { StreamTotals } from "../metrics/stream-metrics.ts";
import { trafficEdges } from "./traffic-edges.ts";
import { type TrafficSample, takeSample } from "./traffic-sample.ts";
import { type EdgeView, WINDOW } from "./view.ts";

export interface TrafficCounters {
  /** `now`: monotonic, ms. */
  readonly requests: (now: number) => Iterable<RequestTotals>;
  readonly streams: (now: number) => Iterable<StreamTotals>;
}

export class TrafficWindow {
  readonly #counters: TrafficCounters;
  readonly #clock: Clock;
  /** Oldest first; the first is as old as the window once there are enough. */
  #samples: readonly TrafficSample[] = [];
  #edges: readonly EdgeView[] | undefined;

  constructor(counters: TrafficCounters, clock: Clock) {
    this.#counters = counters;
    this.#clock = clock;
  }

  /** As often as sidecars report: more would show nothing new. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.sample();
      await this.#clock.sleep(REPORT_INTERVAL, signal).catch(() => undefined);
    }
  }

  sample(): void {
    const now = this.#clock.monotonic();
    const sample = takeSample(this.#counters.requests(now), this.#counters.streams(now), now);
    // One that is a little too old is kept: timers are never early.
    const oldest = now - WINDOW - REPORT_INTERVAL / 2;
    this.#samples = [...this.#samples.filter(({ at }) => at >= oldest), sample];
    this.#edges = undefined;
  }

  /** As of the newest sample; nothing before the first. */
  get edges(): readonly EdgeView[] {
    const [oldest] = this.#samples;
    const newest = this.#samples.at(-1);
    if (oldest === undefined || newest === undefined) return [];
    this.#edges ??= trafficEdges(oldest, newest);
    return this.#edges;
  }
}
