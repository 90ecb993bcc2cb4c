// The few statistics that a handful of repeats can carry.

export interface Summary {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** Undefined for no values. */
export function summarize(values: readonly number[]): Summary | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const [lowest, highest] = [sorted[0], sorted.at(-1)];
  const [below, above] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.floor(sorted.length / 2)],
  ];
  if (lowest === undefined || highest === undefined) return undefined;
  return { median: ((below ?? lowest) + (above ?? highest)) / 2, lowest, highest };
}

/** The list, begun at another place: nobody is always first, and nobody always follows the same one. */
export function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const start = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
