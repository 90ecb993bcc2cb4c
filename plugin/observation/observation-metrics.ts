// What is shown of single requests, and above all what is not, as counters. Pure.
import type { Family } from "../metrics/exposition.ts";
import { DROP_REASONS, type DropReason } from "../traces/exporter.ts";

/** Since the agent started. */
export interface ObservationCounts {
  readonly exportedSpans: number;
  readonly droppedSpans: ReadonlyMap<DropReason, number>;
  readonly droppedTaps: number;
  readonly droppedLines: number;
}

export function observationMetrics(counts: ObservationCounts): readonly Family[] {
  const { exportedSpans, droppedSpans, droppedTaps, droppedLines } = counts;
  return [
    counter("mesh_spans_exported_total", "Spans that the collector has taken.", exportedSpans),
    {
      name: "mesh_spans_dropped_total",
      help: "Spans that were lost: no room, refused by the collector, waited too long, no room in a sidecar.",
      type: "counter",
      samples: DROP_REASONS.map((reason) => ({
        labels: { reason },
        value: droppedSpans.get(reason) ?? 0,
      })),
    },
    counter(
      "mesh_tap_dropped_total",
      "Live requests that were not shown to somebody who looks, for want of room.",
      droppedTaps,
    ),
    counter(
      "mesh_log_lines_dropped_total",
      "Lines of sidecars' request logs that nobody read in time.",
      droppedLines,
    ),
  ];
}

function counter(name: string, help: string, value: number): Family {
  return { name, help, type: "counter", samples: [{ labels: {}, value }] };
}
