// What must hold, as ratios to peers measured in the same run and as a few absolute sizes, and whether it does.
import type { Figure, Results } from "./results.ts";
import { ratioOf } from "./results.ts";
import { type Summary, summarize } from "./statistics.ts";

export type Verdict = "aim met" | "bar met" | "MISSED" | "not measured";

export interface Judgement {
  readonly title: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
  readonly bar: number;
  readonly aim: number;
  /** The median of ratios, the worst of sizes and times; undefined when it was not measured. */
  readonly measured: number | undefined;
  readonly range: Summary | undefined;
  readonly verdict: Verdict;
  /** Some of its measurements did not have the core for themselves. */
  readonly disturbed: boolean;
}

interface Comparison {
  readonly title: string;
  readonly ours: string;
  readonly theirs: string;
  readonly load: string;
  readonly figure: Figure;
  readonly better?: "higher";
  readonly bar: number;
  readonly aim?: number;
}

const PROCESSOR = "processorPerRequest";

const COMPARISONS: readonly Comparison[] = [
  {
    title: "hop / HAProxy: CPU a request, 32 connections",
    ...{ ours: "mesh hop", theirs: "haproxy hop", load: "closed-32" },
    ...{ figure: PROCESSOR, bar: 1.25, aim: 1 },
  },
  {
    title: "hop / Caddy: CPU a request, 32 connections",
    ...{ ours: "mesh hop", theirs: "caddy hop", load: "closed-32" },
    ...{ figure: PROCESSOR, bar: 0.3 },
  },
  {
    title: "pair / HAProxy h1 pair: CPU a request, 32 connections",
    ...{ ours: "mesh pair", theirs: "haproxy h1 pair", load: "closed-32" },
    ...{ figure: PROCESSOR, bar: 0.65, aim: 0.5 },
  },
  {
    title: "pair / HAProxy h2 pair: CPU a request, 32 connections",
    ...{ ours: "mesh pair", theirs: "haproxy h2 pair", load: "closed-32" },
    ...{ figure: PROCESSOR, bar: 1.1, aim: 0.9 },
  },
  {
    title: "pair / HAProxy h2 pair: CPU a request, 256 connections",
    ...{ ours: "mesh pair", theirs: "haproxy h2 pair", load: "closed-256" },
    ...{ figure: PROCESSOR, bar: 0.9 },
  },
  {
    title: "pair with traces and logs / pair without: CPU a request, 32 connections",
    ...{ ours: "mesh observed pair", theirs: "mesh pair", load: "closed-32" },
    ...{ figure: PROCESSOR, bar: 1.1 },
  },
  {
    title: "pair / Caddy pair: CPU a request, 32 connections",
    ...{ ours: "mesh pair", theirs: "caddy pair", load: "closed-32" },
    ...{ figure: PROCESSOR, bar: 0.15 },
  },
  {
    title: "HTTP/1.1 pair / HAProxy h1 pair: CPU a request, 32 connections",
    ...{ ours: "mesh h1 pair", theirs: "haproxy h1 pair", load: "closed-32" },
    ...{ figure: PROCESSOR, bar: 1.2 },
  },
  {
    title: "pair / HAProxy h1 pair: MB/s, 64 KiB bodies",
    ...{ ours: "mesh pair", theirs: "haproxy h1 pair", load: "body-64k", better: "higher" },
    ...{ figure: "megabytesPerSecond", bar: 1.2, aim: 1.6 },
  },
  {
    title: "pair / HAProxy h2 pair: MB/s, 64 KiB bodies",
    ...{ ours: "mesh pair", theirs: "haproxy h2 pair", load: "body-64k", better: "higher" },
    ...{ figure: "megabytesPerSecond", bar: 1.2, aim: 1.6 },
  },
  {
    title: "hop / HAProxy hop: p99 at 1,000/s",
    ...{ ours: "mesh hop", theirs: "haproxy hop", load: "open-1000", figure: "p99", bar: 1.3 },
  },
  {
    title: "pair / HAProxy h1 pair: p99 at 1,000/s",
    ...{ ours: "mesh pair", theirs: "haproxy h1 pair", load: "open-1000", figure: "p99", bar: 1.3 },
  },
  {
    title: "pair / HAProxy h2 pair: p99 at 1,000/s",
    ...{ ours: "mesh pair", theirs: "haproxy h2 pair", load: "open-1000", figure: "p99", bar: 1.3 },
  },
];

const OURS = /^mesh /;
const MEGABYTE = 1_000_000;

export function judge(results: Results): readonly Judgement[] {
  return [...COMPARISONS.map((comparison) => compare(results, comparison)), ...sizes(results)];
}

/** Whether a value meets its aim, its bar or neither. An aim that is the bar is none. */
export function verdictOf(
  measured: number | undefined,
  { bar, aim, better }: Pick<Judgement, "bar" | "aim" | "better">,
): Verdict {
  if (measured === undefined) return "not measured";
  const reaches = (goal: number): boolean =>
    better === "lower" ? measured <= goal : measured >= goal;
  if (aim !== bar && reaches(aim)) return "aim met";
  return reaches(bar) ? "bar met" : "MISSED";
}

function compare(results: Results, comparison: Comparison): Judgement {
  const { title, ours, theirs, load, figure, bar } = comparison;
  const better = comparison.better ?? "lower";
  const goals = { better, bar, aim: comparison.aim ?? bar } as const;
  const range = ratioOf(results, ours, theirs, load, figure);
  const measured = range?.median;
  const disturbed = results.rows.some(
    (row) => row.load === load && row.disturbed && [ours, theirs].includes(row.subject),
  );
  return {
    title,
    unit: "×",
    ...goals,
    measured,
    range,
    verdict: verdictOf(measured, goals),
    disturbed,
  };
}

function sizes(results: Results): readonly Judgement[] {
  const ours = results.rows.filter(({ subject }) => OURS.test(subject));
  const bodies = ours.filter(({ load }) => load === "body-64k").flatMap(({ peaks }) => peaks);
  const idle = results.subjects
    .filter(({ name }) => OURS.test(name))
    .flatMap((subject) => subject.idle.map(({ resident }) => resident / MEGABYTE));
  const errors = ours.length === 0 ? [] : [ours.reduce((sum, row) => sum + row.errors, 0)];
  return [
    absolute("errors under any load", "", 0, errors),
    absolute("exec to accepting", "ms", 150, results.starts),
    absolute("idle, resident", "MB", 60, idle),
    absolute(
      `idle, ${results.crowd.length} sidecars at once, proportional set`,
      "MB",
      20,
      results.crowd.map(({ proportional }) => proportional / MEGABYTE),
    ),
    absolute(
      "64 KiB bodies, largest resident",
      "MB",
      120,
      bodies.map((peak) => peak / MEGABYTE),
    ),
  ];
}

function absolute(title: string, unit: string, bar: number, values: readonly number[]): Judgement {
  const goals = { better: "lower", bar, aim: bar } as const;
  const range = summarize(values);
  const verdict = verdictOf(range?.highest, goals);
  return { title, unit, ...goals, measured: range?.highest, range, verdict, disturbed: false };
}
