// What a run's tables say.
import type { Judgement } from "./bars.ts";
import { LOADS } from "./loads.ts";
import { type Figure, type Results, rowsOf } from "./results.ts";
import { summarize } from "./statistics.ts";
import type { Table } from "./table.ts";

const MEGABYTE = 1_000_000;
const MICROSECONDS_OF_MILLISECOND = 1000;

const LOAD_HEADINGS = [
  ...["", "CPU µs/req", "[range]", "req/s", "MB/s", "p50 ms", "p99 ms", "p99.9 ms"],
  ...["peak MB", "load", "foreign", "errors"],
];

/** One table for each load that was put. */
export function loadTables(results: Results): readonly Table[] {
  return LOADS.map(({ name, title }) => ({
    ...{ title, note: "" },
    rows: [LOAD_HEADINGS, ...results.subjects.flatMap((each) => loadRow(results, each.name, name))],
  })).filter(({ rows }) => rows.length > 1);
}

function loadRow(results: Results, subject: string, load: string): string[][] {
  const rows = rowsOf(results, subject, load);
  if (rows.length === 0) return [];
  const median = (figure: Figure): number =>
    summarize(rows.map((row) => row[figure]))?.median ?? Number.NaN;
  const milliseconds = (figure: Figure): string =>
    (median(figure) / MICROSECONDS_OF_MILLISECOND).toFixed(2);
  const costs = summarize(rows.map(({ processorPerRequest }) => processorPerRequest));
  const mark = rows.some(({ disturbed }) => disturbed) ? " !" : "";
  return [
    [
      subject,
      costs?.highest === 0 ? "" : median("processorPerRequest").toFixed(1),
      costs?.highest === 0 ? "" : `[${costs?.lowest.toFixed(1)}–${costs?.highest.toFixed(1)}]`,
      Math.round(median("requestsPerSecond")).toLocaleString("en"),
      median("megabytesPerSecond").toFixed(1),
      ...[milliseconds("p50"), milliseconds("p99"), milliseconds("p999")],
      (Math.max(0, ...rows.flatMap(({ peaks }) => peaks)) / MEGABYTE).toFixed(0),
      percent(rows.map(({ loadShare }) => loadShare)),
      `${percent(rows.map(({ foreignShare }) => foreignShare))}${mark}`,
      `${rows.reduce((sum, { errors }) => sum + errors, 0)}`,
    ],
  ];
}

/** Memory of each subject before any load. */
export function idleTable({ subjects }: Results): Table {
  const rows = subjects
    .filter(({ idle }) => idle.length > 0)
    .map(({ name, version, idle }) => [
      name,
      megabytes(idle.map(({ resident }) => resident)),
      megabytes(idle.map(({ own }) => own)),
      version,
    ]);
  const headings = ["", "resident", "its own", "version"];
  return { title: "idle, MB for each process", rows: [headings, ...rows], note: "" };
}

/** What could be judged; the rest is counted. */
export function judgementTable(judgements: readonly Judgement[]): Table {
  const rows = judgements.flatMap(judgementRow);
  const open = judgements.length - rows.length;
  return {
    title: "what must hold",
    rows: [["", "bar", "aim", "measured", "[range]", "verdict"], ...rows],
    note: open === 0 ? "" : `not measured in this run: ${open} more`,
  };
}

function judgementRow(judgement: Judgement): string[][] {
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
  if (Number.isInteger(value)) return `${value}`;
  return value.toFixed(value >= 20 ? 1 : 2);
}

function percent(shares: readonly number[]): string {
  return `${(Math.max(0, ...shares) * 100).toFixed(0)} %`;
}

function megabytes(values: readonly number[]): string {
  return values.map((value) => (value / MEGABYTE).toFixed(0)).join(" + ");
}
