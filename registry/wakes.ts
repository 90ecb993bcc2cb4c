// Waiting for a change or for a moment, whichever comes first: what everything needs that shows a state which also ages.
import type { Clock } from "../mesh/clock.ts";
import type { Latest } from "../mesh/latest.ts";

/**
 * Yields at each change, and when the time that `due` names has come (monotonic, ms; undefined for never; asked again
 * after each yield). Ends when the signal aborts.
 */
export async function* wakes(
  changes: Latest<unknown>,
  due: () => number | undefined,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<void, void, undefined> {
  const left = new AbortController();
  const inner = AbortSignal.any([signal, left.signal]);
  const values = changes.values(inner);
  let change = values.next();
  try {
    while (!inner.aborted) {
      if (await isFirst(change, due(), clock, inner)) change = values.next();
      if (inner.aborted) return;
      yield;
    }
  } finally {
    left.abort();
    await change;
  }
}

/** Whether the change comes before the time; an abort counts as neither, and ends the wait. */
async function isFirst(
  change: Promise<unknown>,
  due: number | undefined,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const changed = change.then(() => true);
  if (due === undefined) return await changed;
  const decided = new AbortController();
  const within = AbortSignal.any([signal, decided.signal]);
  const passed = clock.sleep(Math.max(0, due - clock.monotonic()), within).then(
    () => false,
    () => false,
  );
  try {
    return await Promise.race([changed, passed]);
  } finally {
    decided.abort();
  }
}
