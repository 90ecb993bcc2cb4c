// What a run of calls has shown, as figures. Times are ms since the run's first intended call.
import { type Quantiles, quantilesOf } from "./quantiles.ts";

/** One call as its caller saw it. */
export interface Call {
  /** When it was meant to start. */
  readonly at: number;
  /** From then to the response's end. */
  readonly milliseconds: number;
  /** 0: no answer. */
  readonly status: number;
  /** Which of the replicas answered; -1: none of them. */
  readonly replica: number;
}

/** Calls that were meant to start in `[from, to)`. */
export function between(calls: readonly Call[], from: number, to: number): readonly Call[] {
  return calls.filter(({ at }) => at >= from && at < to);
}

/** Of the calls, those without an answer or with one of 5xx; 0 without calls. */
export function failedShare(calls: readonly Call[]): number {
  return shareOf(calls, ({ status }) => status === 0 || status >= 500);
}

export function timesOf(calls: readonly Call[]): Quantiles {
  return quantilesOf(calls.map(({ milliseconds }) => milliseconds));
}

/** Of the calls, those that this replica answered; 0 without calls. */
export function shareOfReplica(calls: readonly Call[], replica: number): number {
  return shareOf(calls, (call) => call.replica === replica);
}

function shareOf(calls: readonly Call[], holds: (call: Call) => boolean): number {
  return calls.length === 0 ? 0 : calls.filter(holds).length / calls.length;
}

/** A replica's part of all arrivals in one span of time. */
export interface ShareAt {
  /** The middle of the span, ms. */
  readonly at: number;
  /** 0 to 1; 0 without arrivals. */
  readonly share: number;
}

/** `arrivals` by replica, ms; spans are whole and cover `[0, end)`. */
export function sharesOverTime(
  arrivals: readonly (readonly number[])[],
  replica: number,
  { span, end }: { readonly span: number; readonly end: number },
): readonly ShareAt[] {
  const counts = arrivals.map((times) => countsBySpan(times, span, Math.floor(end / span)));
  return Array.from({ length: Math.floor(end / span) }, (_, index) => {
    const all = counts.reduce((sum, each) => sum + (each[index] ?? 0), 0);
    const own = counts[replica]?.[index] ?? 0;
    return { at: (index + 0.5) * span, share: all === 0 ? 0 : own / all };
  });
}

function countsBySpan(times: readonly number[], span: number, spans: number): readonly number[] {
  const counts = new Array<number>(spans).fill(0);
  for (const time of times) {
    const index = Math.floor(time / span);
    if (index >= 0 && index < spans) counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}
