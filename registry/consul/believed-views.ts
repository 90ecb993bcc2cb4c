// From what Consul lists to the views that the mesh acts on: answers that come together become one view, losses pass the
// guard, and equal views are left out.
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../mesh/clock.ts";
import type { CatalogEntry, CatalogView } from "../catalog.ts";
import { wakes } from "../wakes.ts";
import type { ConsulClient } from "./client.ts";
import { LossGuard } from "./loss-guard.ts";
import { ServiceWatch } from "./service-watch.ts";

// A change comes as several answers: a service and its name, or one health after another.
const COALESCE = 5;
/** Working a view out is preceded by a rest as long as the last one took, up to this, ms: so half of a processor is left. */
const LONGEST_REST = 250;

export interface BelievedViewsOptions {
  readonly client: ConsulClient;
  readonly clock: Clock;
  /** Within which every agent repeats its healths, ms. */
  readonly timeToLive: number;
  /** Whether this node has deregistered the instance, so that no view may show it any more. */
  readonly deregistered: (instanceId: string) => boolean;
}

/** The current view, then one after each change; ends when the signal aborts or the consumer leaves. */
export async function* believedViews(
  options: BelievedViewsOptions,
  signal: AbortSignal,
): AsyncGenerator<CatalogView, void, undefined> {
  const { client, clock, timeToLive, deregistered } = options;
  const guard = new LossGuard(timeToLive);
  const stop = new AbortController();
  const inner = AbortSignal.any([signal, stop.signal]);
  const onBreak = (): void => guard.broken();
  const watch = new ServiceWatch({ client, clock, onBreak, heartbeat: timeToLive / 3 });
  const running = watch.run(inner).finally(() => stop.abort());
  const due = (): number | undefined => (watch.entries() ? guard.confirmedAt : undefined);
  let last: CatalogView | undefined;
  let rest = COALESCE;
  try {
    for await (const _ of wakes(watch.answers, due, clock, inner)) {
      guard.answered(clock.monotonic());
      await clock.sleep(rest, inner).catch(() => undefined);
      const observed = watch.entries();
      if (observed === undefined || inner.aborted) continue;
      const begun = clock.monotonic();
      const view = { entries: guard.believe(observed, deregistered, begun) };
      rest = Math.max(COALESCE, Math.min(clock.monotonic() - begun, LONGEST_REST));
      if (last !== undefined && isSame(view, last)) continue;
      last = view;
      yield view;
    }
  } finally {
    stop.abort();
    await running;
  }
}

/** Mostly the instances are the very same objects: of thousands of services one is read anew at a time. */
function isSame({ entries: now }: CatalogView, { entries: before }: CatalogView): boolean {
  return (
    now.length === before.length && now.every((entry, index) => isSameEntry(entry, before[index]))
  );
}

function isSameEntry(now: CatalogEntry, before: CatalogEntry | undefined): boolean {
  if (now.health !== before?.health) return false;
  return now.instance === before.instance || isDeepStrictEqual(now.instance, before.instance);
}
