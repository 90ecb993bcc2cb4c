// How calls are told in words and numbers. Pure.
import type { EdgeView } from "../../view.ts";
import { formatBytes, formatMilliseconds, formatRate, formatShare } from "./format.ts";

export interface TrafficText {
  readonly main: string;
  readonly times: string;
}

/** In few letters, for the label of a line. */
export function describeTraffic(edge: EdgeView): TrafficText {
  if (isStreamed(edge)) {
    return {
      main: `${edge.openStreams} open`,
      times: `${formatBytes(edge.streamBytesPerSecond)}/s`,
    };
  }
  const rate = formatRate(edge.requestsPerSecond);
  if (edge.requestsPerSecond === 0) return { main: rate, times: "quiet" };
  return {
    main: `${rate} · ${formatShare(edge.errorShare)} err`,
    times: `${shortTime(edge.p50)} / ${shortTime(edge.p99)}`,
  };
}

/** Everything about a call in one sentence, for who hears it or points at it. */
export function edgeTitle(edge: EdgeView): string {
  const security = edge.security === "mtls" ? "mutual TLS" : "plaintext";
  const way = `${edge.source} calls ${edge.destination}`;
  if (isStreamed(edge)) {
    const bytes = formatBytes(edge.streamBytesPerSecond);
    return `${way}: ${edge.openStreams} open streams, ${bytes} a second, ${security}`;
  }
  return [
    `${way}: ${formatRate(edge.requestsPerSecond).replace("/s", " requests a second")}`,
    `${formatShare(edge.errorShare)} errors`,
    `p50 ${formatMilliseconds(edge.p50)}`,
    `p99 ${formatMilliseconds(edge.p99)}`,
    security,
  ].join(", ");
}

/** Whether it carries bytes that the mesh does not read. */
export function isStreamed(edge: EdgeView): boolean {
  return edge.requestsPerSecond === 0 && (edge.openStreams > 0 || edge.streamBytesPerSecond > 0);
}

export interface VersionShare {
  readonly version: string;
  readonly rate: number;
  /** 0 to 1. */
  readonly share: number;
}

/** How the requests of several callers spread over the versions of what they call, most first. */
export function versionShares(edges: readonly EdgeView[]): readonly VersionShare[] {
  const rates = new Map<string, number>();
  for (const { versions } of edges) {
    for (const [version, rate] of Object.entries(versions))
      rates.set(version, (rates.get(version) ?? 0) + rate);
  }
  const sum = [...rates.values()].reduce((total, rate) => total + rate, 0);
  return [...rates]
    .map(([version, rate]) => ({ version, rate, share: sum === 0 ? 0 : rate / sum }))
    .toSorted((a, b) => b.rate - a.rate || (a.version < b.version ? -1 : 1));
}

function shortTime(milliseconds: number): string {
  return formatMilliseconds(milliseconds).replace(" ", "\u2009");
}
