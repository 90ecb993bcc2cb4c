// Numbers and moments as people read them, the same on every page. Pure; nothing depends on the browser's language.

/** Stands where there is nothing to tell. */
export const NONE = "–";

/** Requests a second: `0/s`, `0.25/s`, `7.5/s`, `120/s`, `3.4k/s`. */
export function formatRate(perSecond: number): string {
  if (perSecond <= 0) return "0/s";
  return `${shorten(perSecond)}/s`;
}

/** A share of 0 to 1: `0 %`, `<0.1 %`, `2.5 %`, `40 %`; all is `100 %`, and what is not all never is. */
export function formatShare(share: number): string {
  if (share <= 0) return "0 %";
  if (share < 0.001) return "<0.1 %";
  if (share > 0.99 && share < 1) return ">99 %";
  return share < 0.1 ? `${trim((share * 100).toFixed(1))} %` : `${Math.round(share * 100)} %`;
}

/** `0.4 ms`, `12 ms`, `1.2 s`; nothing for 0, which stands for nothing measured. */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds <= 0) return NONE;
  if (milliseconds < 0.1) return "<0.1 ms";
  if (milliseconds < 10) return `${trim(milliseconds.toFixed(1))} ms`;
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  return `${trim((milliseconds / 1_000).toFixed(milliseconds < 10_000 ? 1 : 0))} s`;
}

/** `0 B`, `900 B`, `1.2 kB`, `61.9 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${Math.round(bytes)} B`;
  if (bytes < 1_000_000) return `${trim((bytes / 1_000).toFixed(1))} kB`;
  if (bytes < 1_000_000_000) return `${trim((bytes / 1_000_000).toFixed(1))} MB`;
  return `${trim((bytes / 1_000_000_000).toFixed(1))} GB`;
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
] as const;

/** The two largest units: `2 d 4 h`, `71 h 58 min` as `2 d 23 h`, `9 s`. `milliseconds` is not negative. */
export function formatDuration(milliseconds: number): string {
  const first = UNITS.findIndex(([, size]) => milliseconds >= size);
  if (first < 0) return "0 s";
  let rest = milliseconds;
  const parts: string[] = [];
  for (const [unit, size] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ");
}

/** `in 2 d 4 h`, `3 min ago`, `now`. */
export function formatRelative(moment: number, now: number): string {
  const distance = moment - now;
  if (Math.abs(distance) < 1_000) return "now";
  return distance > 0 ? `in ${formatDuration(distance)}` : `${formatDuration(-distance)} ago`;
}

/** `2026-11-23 22:45:01` by the reader's clock. */
export function formatMoment(moment: number): string {
  const date = new Date(moment);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(pad).join("-");
  return `${day} ${formatTime(moment)}`;
}

/** `22:45:01` by the reader's clock. */
export function formatTime(moment: number): string {
  const date = new Date(moment);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join(":");
}

/** `1 service`, `2 services`. */
export function count(number: number, one: string, more = `${one}s`): string {
  return `${number} ${number === 1 ? one : more}`;
}

/** The first and last letters of what is too long to be read; names begin alike and differ in their ends. */
export function shortenName(name: string, length: number): string {
  if (name.length <= length) return name;
  const head = Math.ceil((length - 1) * 0.35);
  return `${name.slice(0, head)}…${name.slice(name.length - (length - 1 - head))}`;
}

function shorten(value: number): string {
  if (value >= 999_500) return `${trim((value / 1_000_000).toFixed(1))}M`;
  if (value >= 999.5) return `${trim((value / 1_000).toFixed(1))}k`;
  if (value >= 9.95) return String(Math.round(value));
  if (value >= 0.995) return trim(value.toFixed(1));
  return value < 0.01 ? "<0.01" : trim(value.toFixed(2));
}

function trim(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
