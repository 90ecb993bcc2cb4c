// What an event cost the callers, and whether that is within what was promised. Pure.
import { type AskedRequest, KINDS } from "./history.ts";

/** From when to when an event is watched, wall clock, ms. */
export interface Window {
  readonly begun: number;
  readonly ended: number;
}

/** What a failed request tells. */
export interface Failure {
  readonly kind: AskedRequest["kind"];
  /** Milliseconds after the event began; after the harm was done, where something was harmed. */
  readonly at: number;
  /** Milliseconds until it failed. */
  readonly took: number;
  readonly error: string;
}

export interface Cost {
  readonly requests: number;
  readonly failed: number;
  /** How many of the failed ones are more than was promised. */
  readonly unforgiven: number;
  /** The longest time, ms, in which one kind of request had no answer. */
  readonly longestGap: number;
  /** The first ones. */
  readonly failures: readonly Failure[];
}

/** Requests that may fail: those that began until so long (ms) after harm was done. Undefined: none at all. */
export type Tolerance = number | undefined;

const TOLD = 10;

/**
 * What the requests that began within the window say. `harms`: moments (wall clock, ms) between the first and the last of
 * which something was destroyed.
 */
export function costOf(
  requests: readonly AskedRequest[],
  window: Window,
  harms: readonly number[],
  tolerance: Tolerance,
): Cost {
  const within = requests.filter(({ begun }) => begun >= window.begun && begun < window.ended);
  const failed = within.filter(({ failure }) => failure !== undefined);
  const zero = harms[0] ?? window.begun;
  return {
    requests: within.length,
    failed: failed.length,
    unforgiven: failed.filter((request) => !isForgiven(request, harms, tolerance)).length,
    longestGap: Math.max(...KINDS.map((kind) => longestGap(within, kind, window))),
    failures: failed.slice(0, TOLD).map(({ kind, begun, ended, failure }) => ({
      ...{ kind, error: failure ?? "" },
      ...{ at: Math.round(begun - zero), took: Math.round(ended - begun) },
    })),
  };
}

/** It was open while harm was done, or began within the tolerance after it. */
function isForgiven(
  { begun, ended }: AskedRequest,
  harms: readonly number[],
  tolerance: Tolerance,
): boolean {
  const [first, last] = [harms[0], harms.at(-1)];
  if (tolerance === undefined || first === undefined || last === undefined) return false;
  return begun <= last + tolerance && ended >= first;
}

function longestGap(
  requests: readonly AskedRequest[],
  kind: AskedRequest["kind"],
  { begun, ended }: Window,
): number {
  const answers = requests
    .filter((request) => request.kind === kind && request.failure === undefined)
    .map((request) => request.ended)
    .toSorted((a, b) => a - b);
  let last = begun;
  let longest = 0;
  for (const answer of [...answers, ended]) {
    longest = Math.max(longest, Math.min(answer, ended) - last);
    last = Math.max(last, answer);
  }
  return Math.round(longest);
}
