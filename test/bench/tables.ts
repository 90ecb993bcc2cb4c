// Results as text for a terminal.
import type { Judgement } from "./bars.ts";
import { LOADS } from "./loads.ts";
import { type Figure, type Results, rowsOf, type SubjectResult } from "./results.ts";
import { type Summary, summarize } from "./statistics.ts";

const MEGABYTE = 1_000_000;
const MILLISECOND = 1000;

/** Columns as wide as their widest cell; the first one to the left, the others to the right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return rows.map(line).join("\n");
}

/** One table for each load that was put. */
export function loadTables(results: Results): string {
  return LOADS.map(({ name, title }) => {
    const lines = results.subjects.flatMap((subject) => loadLine(results, subject, name));
    return lines.length === 0 ? "" : `${title}\n${columns([HEADINGS, ...lines])}\n`;
  })
    .filter(Boolean)
    .join("\n");
}

const HEADINGS = [
  ...["", "CPU µs/req", "[range]", "req/s", "MB/s", "p50 ms", "p99 ms", "p99.9 ms"],
  ...["peak MB", "load", "foreign", "errors"],
];

function loadLine(results: Results, { name }: SubjectResult, load: string): string[][] {
  const rows = rowsOf(results, name, load);
  if (rows.length === 0) return [];
  const of = (figure: Figure): Summary | undefined => summarize(rows.map((row) => row[figure]));
  const most = (values: readonly number[]): number => Math.max(0, ...values);
  const time = (figure: Figure): string => ((of(figure)?.median ?? 0) / MILLISECOND).toFixed(2);
  const processor = of("processorPerRequest");
  const mark = rows.some(({ disturbed }) => disturbed) ? " !" : "";
  return [
    [
      name,
      processor?.median.toFixed(1) ?? "",
      `[${processor?.lowest.toFixed(1)}–${processor?.highest.toFixed(1)}]`,
      Math.round(of("requestsPerSecond")?.median ?? 0).toLocaleString("en"),
      (of("megabytesPerSecond")?.median ?? 0).toFixed(1),
      ...[time("p50"), time("p99"), time("p999")],
      (most(rows.flatMap(({ peaks }) => peaks)) / MEGABYTE).toFixed(0),
      percent(most(rows.map(({ loadShare }) => loadShare))),
      `${percent(most(rows.map(({ foreignShare }) => foreignShare)))}${mark}`,
      `${rows.reduce((sum, { errors }) => sum + errors, 0)}`,
    ],
  ];
}

/** Resident and own memory of each subject before any load. */
export function idleTable(results: Results): string {
  const lines = results.subjects
    .filter(({ idle }) => idle.length > 0)
    .map(({ name, version, idle }) => [
      name,
      megabytes(idle.map(({ resident }) => resident)),
      megabytes(idle.map(({ own }) => own)),
      version,
    ]);
  if (lines.length === 0) return "";
  return `idle, MB for each process\n${columns([["", "resident", "its own", "version"], ...lines])}\n`;
}

/** What could be judged; the rest is counted. */
export function judgementTable(judgements: readonly Judgement[]): string {
  const lines = judgements.flatMap((judgement) => judgementLine(judgement));
  const headings = ["", "bar", "aim", "measured", "[range]", "verdict"];
  const open = judgements.length - lines.length;
  const note = open === 0 ? "" : `not measured in this run: ${open} more\n`;
  return `${columns([headings, ...lines])}\n${note}`;
}

function judgementLine(judgement: Judgement): string[][] {
  const { title, unit, better, bar, aim, measured, range, verdict, disturbed } = judgement;
  if (measured === undefined) return [];
  return [
    [
      title,
      `${better === "lower" ? "≤" : "≥"} ${bar}`,
      aim === bar ? "" : `${aim}`,
      `${short(measured)} ${unit}`.trim(),
      range === undefined ? "" : `[${short(range.lowest)}–${short(range.highest)}]`,
      `${verdict}${disturbed ? " !" : ""}`,
    ],
  ];
}

function short(value: number): string {
  return value >= 20 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(2);
}

function percent(share: number): string {
  return `${(Math.max(0, share) * 100).toFixed(0)} %`;
}

function megabytes(values: readonly number[]): string {
  return values.map((value) => (value / MEGABYTE).toFixed(0)).join(" + ");
}
