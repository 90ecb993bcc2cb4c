// Which charts docs/performance.md shows, from the results of one run.
import { drawBarChart } from "./bar-chart.ts";
import type { Shape } from "./peer.ts";
import { type Figure, type Results, summaryOf } from "./results.ts";

interface ChartKind {
  readonly file: string;
  readonly title: string;
  readonly caption: string;
  readonly shape: Shape;
  readonly load: string;
  readonly figure: Figure;
  readonly digits: number;
  readonly better: "lower" | "higher";
}

const PROCESSOR = { figure: "processorPerRequest", digits: 1, better: "lower" } as const;
const SHORTER = "µs of processor time, all proxies together; median and range; shorter is better";

const KINDS: readonly ChartKind[] = [
  {
    ...{ file: "hop.svg", title: "One plain hop: cost of a request", caption: SHORTER },
    ...{ shape: "hop", load: "closed-32", ...PROCESSOR },
  },
  {
    ...{ file: "pair.svg", title: "Two sidecars with mutual TLS: cost of a request" },
    ...{ caption: SHORTER, shape: "pair", load: "closed-32", ...PROCESSOR },
  },
  {
    ...{ file: "bodies.svg", title: "Two sidecars with mutual TLS: bodies of 64 KiB" },
    caption: "MB/s on one core; median and range; longer is better",
    ...{ shape: "pair", load: "body-64k", figure: "megabytesPerSecond", digits: 0 },
    better: "higher",
  },
];

/** What a clone can run by itself: neither an earlier state of the project nor a prototype. */
export function isPublic(subject: string): boolean {
  return !/^(?:other|prototype) /.test(subject);
}

/** File names and SVG texts; a chart for which nothing was measured is left out. */
export function chartsOf(results: Results): ReadonlyMap<string, string> {
  const charts = new Map<string, string>();
  for (const kind of KINDS) {
    const svg = drawKind(results, kind);
    if (svg !== undefined) charts.set(kind.file, svg);
  }
  return charts;
}

function drawKind(
  results: Results,
  { title, caption, shape, load, figure, digits, better }: ChartKind,
): string | undefined {
  const bars = results.subjects
    .filter((subject) => subject.shape === shape && isPublic(subject.name))
    .flatMap(({ name }) => {
      const summary = summaryOf(results, name, load, figure);
      if (summary === undefined) return [];
      const { median, lowest, highest } = summary;
      return [{ label: name, value: median, lowest, highest, marked: name.startsWith("mesh ") }];
    })
    .sort((a, b) => (better === "lower" ? a.value - b.value : b.value - a.value));
  return bars.length === 0 ? undefined : drawBarChart({ title, caption, digits, bars });
}
