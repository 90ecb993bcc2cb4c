// The live requests that are shown: the newest ones, bounded, and how many there were that are not. Pure.
import type { TapEvent, TappedRequest } from "../../../tap/tap-event.ts";

export interface TapRow {
  readonly id: number;
  readonly request: TappedRequest;
}

export interface TapRows {
  /** Newest first. */
  readonly rows: readonly TapRow[];
  readonly received: number;
  /** What the agent or a sidecar had no room for. */
  readonly dropped: number;
}

export const NO_ROWS: TapRows = { rows: [], received: 0, dropped: 0 };

/** Rows that are kept. */
export const ROW_LIMIT = 200;

/** Events in the order in which they came. */
export function addEvents(last: TapRows, events: readonly TapEvent[]): TapRows {
  let { received, dropped } = last;
  const fresh: TapRow[] = [];
  for (const event of events) {
    if ("dropped" in event) dropped += event.dropped;
    else fresh.push({ id: ++received, request: event });
  }
  const rows = [...fresh.reverse().slice(0, ROW_LIMIT), ...last.rows].slice(0, ROW_LIMIT);
  return { rows, received, dropped };
}
