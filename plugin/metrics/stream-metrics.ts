// What the sidecars of this node have counted of byte streams, added up over all that carry the same labels, as
// request-metrics.ts does it with requests.
import {
  addStreams,
  type ConversationReport,
  type StreamsReport,
} from "../../proxy/configuration/traffic-report.ts";
import type { Family, Labels } from "./exposition.ts";
import { type ReportingWorkload, streamLabels } from "./request-labels.ts";
import { FORGOTTEN_AFTER } from "./request-metrics.ts";

/** Conversations that are kept at most. */
const MOST = 5_000;
interface Conversation {
  readonly labels: Labels;
  /** Since the agent started. */
  total: StreamsReport;
  /** Monotonic, ms. */
  heardAt: number;
}

/** Of one conversation, since it began. */
export type StreamTotals = Readonly<Pick<Conversation, "labels" | "total">>;

const NAMES: readonly (readonly [keyof StreamsReport, name: string, help: string])[] = [
  ["opened", "istio_tcp_connections_opened_total", "Byte streams that were opened."],
  ["closed", "istio_tcp_connections_closed_total", "Byte streams that have ended."],
  ["receivedBytes", "istio_tcp_received_bytes_total", "Bytes from callers to callees."],
  ["sentBytes", "istio_tcp_sent_bytes_total", "Bytes from callees to callers."],
];

export class StreamMetrics {
  readonly #conversations = new Map<string, Conversation>();

  /** Adds what one sidecar has counted. `now`: monotonic, ms. */
  add(own: ReportingWorkload, reports: readonly ConversationReport[], now: number): void {
    for (const report of reports) {
      if (report.streams === undefined) continue;
      const labels = streamLabels(own, report);
      const key = JSON.stringify(Object.values(labels));
      const known = this.#conversations.get(key);
      if (known !== undefined) {
        known.total = addStreams(known.total, report.streams);
        known.heardAt = now;
      } else if (this.#conversations.size < MOST) {
        this.#conversations.set(key, { labels, total: report.streams, heardAt: now });
      }
    }
  }

  /** Forgets as {@link families} does. */
  totals(now: number): Iterable<StreamTotals> {
    this.#forget(now);
    return this.#conversations.values();
  }

  /** All of it. Forgets what has not been heard of for long and is over: open streams may have nothing to say for hours. */
  families(now: number): readonly Family[] {
    this.#forget(now);
    const all = [...this.#conversations.values()];
    return NAMES.map(([field, name, help]) => ({
      ...{ name, help, type: "counter" },
      samples: all.map(({ labels, total }) => ({ labels, value: total[field] })),
    }));
  }
  #forget(now: number): void {
    for (const [key, { heardAt, total }] of this.#conversations)
      if (now - heardAt > FORGOTTEN_AFTER && total.closed >= total.opened)
        this.#conversations.delete(key);
  }
}
