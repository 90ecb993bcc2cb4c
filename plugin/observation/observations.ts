// What becomes of the single requests that sidecars tell of: they are shown to those who look, and sent to who collects traces.
import type { ObservedRequests } from "../../proxy/configuration/observed-request.ts";
import type { Family } from "../metrics/exposition.ts";
import type { ObservationWanted } from "../sidecars/publisher.ts";
import type { Problem } from "../status.ts";
import type { Taps } from "../tap/taps.ts";
import type { SpanExporter } from "../traces/exporter.ts";
import { observationMetrics } from "./observation-metrics.ts";
import type { ObservedWorkload } from "./observed-workload.ts";

export class Observations {
  readonly #taps: Taps;
  /** Undefined while nobody collects traces. */
  readonly #exporter: SpanExporter | undefined;
  #droppedLines = 0;

  constructor(taps: Taps, exporter: SpanExporter | undefined) {
    this.#taps = taps;
    this.#exporter = exporter;
  }

  add(workload: ObservedWorkload, observed: ObservedRequests): void {
    this.#droppedLines += observed.droppedLines;
    this.#taps.add(workload, observed);
    this.#exporter?.add(workload, observed);
  }

  readonly wanted: ObservationWanted = (service, calls) => {
    const traces = this.#exporter !== undefined;
    const isCalled = (name: string): boolean => calls.some((called) => called.service === name);
    const tap = this.#taps.wanted(service, isCalled);
    return traces || tap ? { traces, tap } : undefined;
  };

  get problems(): readonly Problem[] {
    return this.#exporter?.problems ?? [];
  }

  families(): readonly Family[] {
    return observationMetrics({
      exportedSpans: this.#exporter?.exported ?? 0,
      droppedSpans: this.#exporter?.dropped ?? new Map(),
      droppedTaps: this.#taps.dropped,
      droppedLines: this.#droppedLines,
    });
  }

  /** Until the signal aborts, and a second longer while spans are left. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#exporter?.run(signal);
  }
}
