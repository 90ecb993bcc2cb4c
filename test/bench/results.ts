// What a run has measured, as it is written to JSON and read by the tables and charts.
import type { Figures } from "./load-generator.ts";
import type { Shape } from "./peer.ts";
import type { Memory } from "./processes.ts";
import { type Summary, summarize } from "./statistics.ts";

/** One measurement of one subject under one load. */
export interface Row extends Figures {
  readonly subject: string;
  readonly load: string;
  /** Rounds are paired: what was measured in one round was measured minutes apart at most. */
  readonly round: number;
  /** Each process's largest resident set while measuring, bytes. */
  readonly peaks: readonly number[];
  /** The proxies did not have their core for themselves, in every attempt. */
  readonly disturbed: boolean;
}

export interface SubjectResult {
  readonly name: string;
  readonly shape: Shape;
  readonly version: string;
  /** Of each process before any load. */
  readonly idle: readonly Memory[];
}

export interface Results {
  readonly date: string;
  readonly machine: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly subjects: readonly SubjectResult[];
  /** Peers that were not measured, with the reason. */
  readonly missing: readonly string[];
  readonly rows: readonly Row[];
  /** Milliseconds from exec to the first accepted connection, a value for each start. */
  readonly starts: readonly number[];
  /** Of many sidecars that run at once and idle. */
  readonly crowd: readonly Memory[];
}

export type Figure =
  | "processorPerRequest"
  | "requestsPerSecond"
  | "megabytesPerSecond"
  | "p50"
  | "p99"
  | "p999";

export function rowsOf(results: Results, subject: string, load: string): readonly Row[] {
  return results.rows.filter((row) => row.subject === subject && row.load === load);
}

export function summaryOf(
  results: Results,
  subject: string,
  load: string,
  figure: Figure,
): Summary | undefined {
  return summarize(rowsOf(results, subject, load).map((row) => row[figure]));
}

/** One subject's figure by another's in the same round, over all rounds that have both. */
export function ratioOf(
  results: Results,
  ours: string,
  theirs: string,
  load: string,
  figure: Figure,
): Summary | undefined {
  const others = new Map(rowsOf(results, theirs, load).map((row) => [row.round, row[figure]]));
  const ratios = rowsOf(results, ours, load).flatMap((row) => {
    const other = others.get(row.round);
    return other === undefined || other === 0 ? [] : [row[figure] / other];
  });
  return summarize(ratios);
}
