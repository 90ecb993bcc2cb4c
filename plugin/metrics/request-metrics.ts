// What the sidecars of this node have counted, added up over all that carry the same labels: counters of a node go on when a
// replica or its sidecar is another one. Bounded, and nothing is kept of who has gone.
import { Distribution } from "../../proxy/configuration/distribution.ts";
import {
  BUCKETS,
  type ConversationReport,
  type RequestsReport,
} from "../../proxy/configuration/traffic-report.ts";
import { type Family, histogramSamples, type Labels, type Sample } from "./exposition.ts";
import { type ReportingWorkload, requestLabels } from "./request-labels.ts";

/** Series that are kept at most; each is some 2 kB here and some 70 lines for Prometheus. */
const MOST = 5_000;
/** Of which nothing was heard for so long it is shown no more, ms. Linkerd's time. */
export const FORGOTTEN_AFTER = 600_000;

interface Series {
  readonly labels: Labels;
  readonly durations: Distribution;
  readonly requestBytes: Distribution;
  readonly responseBytes: Distribution;
  /** Monotonic, ms. */
  heardAt: number;
}

/** Of one series, since it began. */
export interface RequestTotals {
  readonly labels: Labels;
  /** By duration: one for each of {@link BUCKETS} and one for what is above. */
  readonly counts: readonly number[];
}

export class RequestMetrics {
  readonly #series = new Map<string, Series>();
  #refused = 0;

  /** Adds what one sidecar has counted. `now`: monotonic, ms. */
  add(own: ReportingWorkload, conversations: readonly ConversationReport[], now: number): void {
    for (const conversation of conversations) {
      for (const report of conversation.requests) {
        const labels = requestLabels(own, conversation, report);
        const series = this.#find(labels, now);
        if (series === undefined) this.#refused += report.durations.counts.reduce(add, 0);
        else addReport(series, report, now);
      }
    }
  }

  /** All of it. Forgets what has not been heard of for long. */
  families(now: number): readonly Family[] {
    this.#forget(now);
    const all = [...this.#series.values()];
    return [
      {
        name: "istio_requests_total",
        help: "Requests that have ended.",
        type: "counter",
        samples: all.map(({ labels, durations }) => ({
          labels,
          value: durations.read().counts.reduce(add, 0),
        })),
      },
      histogram(
        "istio_request_duration_milliseconds",
        "From the head of a request to the end of its response, ms.",
        all.map((series) => [series.labels, series.durations]),
      ),
      histogram(
        "istio_request_bytes",
        "Bodies of requests, bytes.",
        all.map((series) => [series.labels, series.requestBytes]),
      ),
      histogram(
        "istio_response_bytes",
        "Bodies of responses, bytes.",
        all.map((series) => [series.labels, series.responseBytes]),
      ),
      {
        name: "mesh_uncounted_requests_total",
        help: `Requests that stand in no other metric, since there were ${MOST} series already.`,
        type: "counter",
        samples: [{ labels: {}, value: this.#refused }],
      },
    ];
  }

  /** How many requests there were, without the rest. Forgets as {@link families} does. */
  *totals(now: number): Generator<RequestTotals, void, undefined> {
    this.#forget(now);
    for (const { labels, durations } of this.#series.values())
      yield { labels, counts: durations.read().counts };
  }

  #forget(now: number): void {
    for (const [key, { heardAt }] of this.#series)
      if (now - heardAt > FORGOTTEN_AFTER) this.#series.delete(key);
  }

  /** Undefined when there would be too many. */
  #find(labels: Labels, now: number): Series | undefined {
    const key = JSON.stringify(Object.values(labels));
    const known = this.#series.get(key);
    if (known !== undefined || this.#series.size >= MOST) return known;
    const series = {
      ...{ labels, heardAt: now },
      ...{ durations: new Distribution(), requestBytes: new Distribution() },
      responseBytes: new Distribution(),
    };
    this.#series.set(key, series);
    return series;
  }
}

function histogram(name: string, help: string, series: readonly [Labels, Distribution][]): Family {
  const samples: Sample[] = series.flatMap(([labels, distribution]) =>
    histogramSamples(labels, BUCKETS, distribution.read()),
  );
  return { name, help, type: "histogram", samples };
}

function addReport(series: Series, report: RequestsReport, now: number): void {
  series.heardAt = now;
  series.durations.add(report.durations);
  series.requestBytes.add(report.requestBytes);
  series.responseBytes.add(report.responseBytes);
}

function add(a: number, b: number): number {
  return a + b;
}
