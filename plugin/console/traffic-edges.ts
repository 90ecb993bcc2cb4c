// Who calls whom, how much, how well and how fast, between two samples of what was counted. Pure.
import { BUCKETS } from "../../proxy/configuration/traffic-report.ts";
import type { EdgeTotals, TrafficSample } from "./traffic-sample.ts";
import type { EdgeView } from "./view.ts";

/** What one end of an edge has counted between the samples. */
interface Change {
  readonly source: string;
  readonly destination: string;
  readonly reporter: string;
  readonly requests: number;
  readonly errors: number;
  readonly buckets: readonly number[];
  readonly versions: ReadonlyMap<string, number>;
  readonly isPlaintext: boolean;
  /** Streams, at the later sample. */
  readonly openStreams: number;
  readonly streamBytes: number;
}

export function trafficEdges(before: TrafficSample, now: TrafficSample): readonly EdgeView[] {
  const seconds = (now.at - before.at) / 1_000;
  const changes = [...now.edges].map(([key, totals]) => changeOf(before.edges.get(key), totals));
  const pairs = Map.groupBy(changes, ({ source, destination }) => `${source} ${destination}`);
  return [...pairs.values()]
    .map((ends) => toView(ends, seconds))
    .sort((a, b) => compare(a.source, b.source) || compare(a.destination, b.destination));
}

/** What was not there before has counted from nothing. */
function changeOf(before: EdgeTotals | undefined, now: EdgeTotals): Change {
  const { source, destination, reporter, isPlaintext, opened, closed } = now;
  return {
    ...{ source, destination, reporter, isPlaintext },
    requests: since(before?.requests, now.requests),
    errors: since(before?.errors, now.errors),
    buckets: now.buckets.map((count, index) => since(before?.buckets[index], count)),
    versions: new Map(
      [...now.versions].map(([name, count]) => [name, since(before?.versions.get(name), count)]),
    ),
    openStreams: opened - closed,
    streamBytes: since(before?.streamBytes, now.streamBytes),
  };
}

/** Counters of what was forgotten go back, which is no traffic. */
function since(before: number | undefined, now: number): number {
  return Math.max(0, now - (before ?? 0));
}

function toView(ends: readonly Change[], seconds: number): EdgeView {
  const edge = fullest(ends, ({ requests }) => requests);
  const { source, destination, requests, errors, buckets } = edge;
  const streams = fullest(ends, ({ openStreams, streamBytes }) => openStreams + streamBytes);
  const caller = ends.find(({ reporter }) => reporter === "source");
  const versions = [...(caller?.versions ?? [])].filter(([, count]) => count > 0);
  return {
    ...{ source, destination },
    security: ends.some(({ isPlaintext }) => isPlaintext) ? "plaintext" : "mtls",
    requestsPerSecond: perSecond(requests, seconds),
    errorShare: requests === 0 ? 0 : errors / requests,
    p50: quantile(buckets, 0.5),
    p99: quantile(buckets, 0.99),
    openStreams: streams.openStreams,
    streamBytesPerSecond: perSecond(streams.streamBytes, seconds),
    versions: Object.fromEntries(
      versions.map(([name, count]) => [name, perSecond(count, seconds)]),
    ),
  };
}

/**
 * The end that counted more: the caller's sidecar misses callers of other nodes, the callee's what never arrived. Of equals
 * the caller's, which knows what callers got.
 */
function fullest(ends: readonly Change[], amount: (end: Change) => number): Change {
  const callerFirst = ends.toSorted((a, b) => compare(b.reporter, a.reporter));
  return callerFirst.reduce((best, end) => (amount(end) > amount(best) ? end : best));
}

function perSecond(count: number, seconds: number): number {
  return seconds > 0 ? count / seconds : 0;
}

/** As if what fell into a bucket were spread evenly over it; of what is above all buckets, the highest bound. */
export function quantile(buckets: readonly number[], share: number): number {
  const rank = share * buckets.reduce((sum, count) => sum + count, 0);
  if (rank === 0) return 0;
  let below = 0;
  for (const [index, bound] of BUCKETS.entries()) {
    const count = buckets[index] ?? 0;
    if (count > 0 && below + count >= rank) {
      const start = BUCKETS[index - 1] ?? 0;
      return start + ((rank - below) / count) * (bound - start);
    }
    below += count;
  }
  return BUCKETS.at(-1) ?? 0;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
