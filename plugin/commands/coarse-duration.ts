// A time span for people who look at a table.
import { formatDuration } from "../../mesh/duration.ts";

/** Whole minutes from an hour on, whole seconds below. ms; what is negative is none. */
export function coarseDuration(milliseconds: number): string {
  const unit = milliseconds >= 3_600_000 ? 60_000 : 1_000;
  return formatDuration(Math.max(0, Math.floor(milliseconds / unit) * unit));
}
