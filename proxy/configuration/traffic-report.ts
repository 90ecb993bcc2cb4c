// What a sidecar tells its agent about traffic: what has happened since the last report that arrived. The agent adds it up, so
// that nothing here grows with the age of either.
import type { FailureCode } from "../failures.ts";

/** Upper ends of the buckets, inclusive: ms of durations, bytes of sizes. Those of Envoy, and so of Istio's dashboards. */
export const BUCKETS: readonly number[] = [
  ...[0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000],
  ...[300_000, 600_000, 1_800_000, 3_600_000],
];

export interface DistributionReport {
  readonly sum: number;
  /** One for each of {@link BUCKETS} and one for what is above; not cumulative. */
  readonly counts: readonly number[];
}

/** Which end of a conversation reports it: `source` calls, `destination` is called. Istio's words. */
export type Reporter = "source" | "destination";

/** Between the sidecar's workload and another one. */
export interface ConversationReport {
  readonly reporter: Reporter;
  /** Of `source` the catalog name of the service called; of `destination` the caller's SPIFFE id, "" without one. */
  readonly peer: string;
  /** Of `source` the version of the endpoint that was asked last; "" when it has none, or none was asked. */
  readonly version: string;
  readonly requests: readonly RequestsReport[];
  /** Byte streams (`mesh.protocol: tcp`); undefined without any. */
  readonly streams?: StreamsReport | undefined;
}

/** Since the last report; of streams that go on, too. */
export interface StreamsReport {
  readonly opened: number;
  readonly closed: number;
  /** From the caller to the callee. */
  readonly receivedBytes: number;
  /** From the callee to the caller. */
  readonly sentBytes: number;
}

/** Requests that ended alike. */
export interface RequestsReport {
  /** What the caller was answered; 0 when it went away before. */
  readonly status: number;
  /** Why, when the mesh answered or broke off. */
  readonly failure?: FailureCode | undefined;
  /** gRPC's status as a number in text, "" for a call that ended without one; undefined of what is no gRPC. */
  readonly grpcStatus?: string | undefined;
  /** ms from the head of the request to the end of the response. */
  readonly durations: DistributionReport;
  /** Of bodies, as they passed. */
  readonly requestBytes: DistributionReport;
  readonly responseBytes: DistributionReport;
}

/** In place of a peer's name or identity: what was too much to be told apart. */
export const OTHERS = "other";

export const NO_STREAMS: StreamsReport = { opened: 0, closed: 0, receivedBytes: 0, sentBytes: 0 };

export function addStreams(a: StreamsReport, b: StreamsReport): StreamsReport {
  return {
    opened: a.opened + b.opened,
    closed: a.closed + b.closed,
    receivedBytes: a.receivedBytes + b.receivedBytes,
    sentBytes: a.sentBytes + b.sentBytes,
  };
}
