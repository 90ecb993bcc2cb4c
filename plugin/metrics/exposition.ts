// Prometheus' text format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). Knows nothing of what is
// measured.

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  /** Of the family's name: "", "_bucket", "_sum" or "_count". */
  readonly suffix?: string;
  readonly labels: Labels;
  readonly value: number;
}

/** Everything under one name. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly samples: readonly Sample[];
}

export function* writeFamilies(families: Iterable<Family>): Generator<string, void, undefined> {
  for (const { name, help, type, samples } of families) {
    yield `# HELP ${name} ${escaped(help, /[\\\n]/g)}\n# TYPE ${name} ${type}\n`;
    for (const { suffix = "", labels, value } of samples)
      yield `${name}${suffix}${writeLabels(labels)} ${writeNumber(value)}\n`;
  }
}

/** The samples of a histogram: `counts` has one count for each bound, and one for what is above all of them. */
export function histogramSamples(
  labels: Labels,
  bounds: readonly number[],
  { sum, counts }: { readonly sum: number; readonly counts: readonly number[] },
): Sample[] {
  let below = 0;
  const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, index): Sample => {
    below += counts[index] ?? 0;
    return { suffix: "_bucket", labels: { ...labels, le: writeNumber(bound) }, value: below };
  });
  return [
    ...buckets,
    { suffix: "_sum", labels, value: sum },
    { suffix: "_count", labels, value: below },
  ];
}

function writeLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(value, /[\\\n"]/g)}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string, special: RegExp): string {
  return text.replace(special, (character) => (character === "\n" ? "\\n" : `\\${character}`));
}

function writeNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
