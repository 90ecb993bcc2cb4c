// What services get from all of their callers together, and how many of their endpoints are in trouble. Pure.
import type { EdgeView } from "../../view.ts";
import type { EndpointReport } from "../client/answers.ts";

export interface IncomingTraffic {
  /** Requests a second. */
  readonly rate: number;
  readonly errorShare: number;
  /** ms: the worst of the callers'. */
  readonly p99: number;
}

/** By service; those that nobody calls are left out. */
export function incomingTraffic(edges: readonly EdgeView[]): ReadonlyMap<string, IncomingTraffic> {
  const sums = new Map<string, { rate: number; errors: number; p99: number }>();
  for (const { destination, requestsPerSecond, errorShare, p99 } of edges) {
    const sum = sums.get(destination) ?? { rate: 0, errors: 0, p99: 0 };
    sum.rate += requestsPerSecond;
    sum.errors += requestsPerSecond * errorShare;
    sum.p99 = Math.max(sum.p99, p99);
    sums.set(destination, sum);
  }
  return new Map(
    [...sums].map(([service, { rate, errors, p99 }]) => [
      service,
      { rate, p99, errorShare: rate === 0 ? 0 : errors / rate },
    ]),
  );
}

export interface EndpointsSummary {
  readonly endpoints: number;
  /** Those that at least one caller does not take for healthy. */
  readonly troubled: number;
}

/** What is not healthy first; otherwise as they came. */
export function troubledFirst(reports: readonly EndpointReport[]): readonly EndpointReport[] {
  return reports.toSorted((a, b) => Number(a.state === "healthy") - Number(b.state === "healthy"));
}

export function summarizeEndpoints(reports: readonly EndpointReport[]): EndpointsSummary {
  const groups = Map.groupBy(reports, ({ endpoint, port }) => `${endpoint}:${port}`);
  const isTroubled = (group: readonly EndpointReport[]): boolean =>
    group.some(({ state }) => state !== "healthy");
  return { endpoints: groups.size, troubled: [...groups.values()].filter(isTroubled).length };
}
