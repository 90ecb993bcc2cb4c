// What the sidecars of this node have counted, added up over all that carry the same labels: counters of a node go on when a
// replica or its sidecar is another one. Bounded, and nothing is kept of who has gone.
import type {
  ConversationReport,
  DistributionReport,
  RequestsReport,
} from "../../proxy/configuration/traffic-report.ts";
import { BUCKETS } from "../../proxy/configuration/traffic-report.ts";
import { type Family, histogramSamples, type Labels, type Sample } from "./exposition.ts";
import { type ReportingWorkload, requestLabels } from "./request-labels.ts";

/** Series that are kept at most; each is some 2 kB here and some 70 lines for Prometheus. */
const MOST = 5_000;
/** Of which nothing was heard for so long it is shown no more, ms. Linkerd's time. */
const FORGOTTEN_AFTER = 600_000;

interface Series {
  readonly labels: Labels;
  readonly durations: Sum;
  readonly requestBytes: Sum;
  readonly responseBytes: Sum;
  /** Monotonic, ms. */
  heardAt: number;
}

interface Sum {
  sum: number;
  readonly counts: number[];
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
    for (const [key, { heardAt }] of this.#series)
      if (now - heardAt > FORGOTTEN_AFTER) this.#series.delete(key);
    const all = [...this.#series.values()];
    return [
      {
        name: "istio_requests_total",
        help: "Requests that have ended.",
        type: "counter",
        samples: all.map(({ labels, durations }) => ({
          labels,
          value: durations.counts.reduce(add, 0),
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

  /** Undefined when there would be too many. */
  #find(labels: Labels, now: number): Series | undefined {
    const key = JSON.stringify(Object.values(labels));
    const known = this.#series.get(key);
    if (known !== undefined || this.#series.size >= MOST) return known;
    const series = {
      ...{ labels, heardAt: now },
      ...{ durations: nothing(), requestBytes: nothing(), responseBytes: nothing() },
    };
    this.#series.set(key, series);
    return series;
  }
}

function histogram(name: string, help: string, series: readonly [Labels, Sum][]): Family {
  const samples: Sample[] = series.flatMap(([labels, sum]) =>
    histogramSamples(labels, BUCKETS, sum),
  );
  return { name, help, type: "histogram", samples };
}

function nothing(): Sum {
  return { sum: 0, counts: new Array<number>(BUCKETS.length + 1).fill(0) };
}

function addReport(series: Series, report: RequestsReport, now: number): void {
  series.heardAt = now;
  addTo(series.durations, report.durations);
  addTo(series.requestBytes, report.requestBytes);
  addTo(series.responseBytes, report.responseBytes);
}

function addTo(total: Sum, { sum, counts }: DistributionReport): void {
  total.sum += sum;
  for (let index = 0; index < total.counts.length; index += 1)
    total.counts[index] = (total.counts[index] ?? 0) + (counts[index] ?? 0);
}

function add(a: number, b: number): number {
  return a + b;
}
