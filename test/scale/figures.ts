// What was measured, as a table for people: a column for each world. Pure.
import type { Measured } from "./measure.ts";

const ROWS: readonly (readonly [string, (measured: Measured) => string])[] = [
  ["change → every sidecar concerned, p50", ({ times }) => milliseconds(times.p50)],
  ["the same, p99", ({ times }) => milliseconds(times.p99)],
  ["longest", ({ times }) => milliseconds(times.largest)],
  ["an endpoint dies without a word, p99", ({ deaths }) => milliseconds(deaths.p99)],
  ["snapshots that did not come", ({ missing }) => String(missing)],
  ["lines to sidecars not concerned", ({ strayLines }) => String(strayLines)],
  ["to sidecars, bytes a change", ({ bytesPerChange }) => kilobytes(bytesPerChange)],
  ["a whole snapshot", ({ snapshotBytes }) => kilobytes(snapshotBytes)],
  ["agent, share of one processor, 10 changes/s", ({ processorShare }) => percent(processorShare)],
  ["the same at rest", ({ idleProcessorShare }) => percent(idleProcessorShare, 1)],
  ["agent's memory (RSS), at the end", ({ residentBytes }) => megabytes(residentBytes)],
  ["of that not shared with sidecars", ({ ownBytes }) => megabytes(ownBytes)],
  ["memory, highest", ({ peakResidentBytes }) => megabytes(peakResidentBytes)],
  ["asked of Consul, requests/s", ({ consul }) => String(Math.round(consul.requestsPerSecond))],
  ["the same at rest", ({ consul }) => String(Math.round(consul.idleRequestsPerSecond))],
  ["read from Consul, a change", ({ consul }) => kilobytes(consul.bytesPerChange)],
  ["connections to Consul, most", ({ consul }) => String(consul.mostConnections)],
  ["connections that Consul refused", ({ consul }) => String(consul.refused)],
  ["agent's start → all sidecars complete", ({ startUp }) => `${(startUp / 1_000).toFixed(1)} s`],
];

export function figures(all: readonly Measured[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(["", ...all.map(({ scenario }) => scenario.name)]),
    line(["---", ...all.map(() => "--:")]),
    ...ROWS.map(([name, show]) => line([name, ...all.map(show)])),
  ].join("\n");
}

function milliseconds(value: number): string {
  return `${Math.round(value)} ms`;
}

function kilobytes(value: number): string {
  return `${(value / 1_000).toFixed(1)} kB`;
}

function megabytes(value: number): string {
  return `${Math.round(value / 1_000_000)} MB`;
}

function percent(share: number, digits = 0): string {
  return `${(share * 100).toFixed(digits)} %`;
}
