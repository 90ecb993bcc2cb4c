// Durations as users write them ("250ms", "1m30s") and as code keeps them: milliseconds in a number.
import { MeshError } from "./errors.ts";

const UNITS: readonly (readonly [string, number])[] = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
];

const TERM = /(\d+(?:\.\d+)?)(ms|s|m|h)/y;

/**
 * Milliseconds of a duration in Go's notation, which Docker and Consul use too: one or more numbers, each with a unit.
 * A number without a unit is refused, since peers disagree whether it means seconds or milliseconds.
 */
export function parseDuration(text: string): number {
  let milliseconds = 0;
  TERM.lastIndex = 0;
  let end = 0;
  while (end < text.length) {
    const term = TERM.exec(text);
    if (term === null) break;
    const unit = UNITS.find(([name]) => name === term[2]);
    milliseconds += Number(term[1]) * (unit?.[1] ?? Number.NaN);
    end = TERM.lastIndex;
  }
  if (end === 0 || end !== text.length || !Number.isSafeInteger(Math.round(milliseconds))) {
    throw new MeshError(
      "DURATION_INVALID",
      `expected a duration with units such as 250ms or 1m30s, got ${JSON.stringify(text)}`,
    );
  }
  return Math.round(milliseconds);
}

/** The text with the largest units that {@link parseDuration} reads back as the same whole milliseconds; not negative. */
export function formatDuration(milliseconds: number): string {
  let rest = Math.round(milliseconds);
  if (rest === 0) return "0s";
  let text = "";
  for (const [name, size] of UNITS) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${name}`;
    rest -= count * size;
  }
  return text;
}
