// The agent's sources of news besides its sidecars: engine, catalog and time. Each runs until the signal aborts and does
// nothing but tell the reconciler.
import { Backoff } from "../mesh/backoff.ts";
import type { Clock } from "../mesh/clock.ts";
import { describeError } from "../mesh/errors.ts";
import type { Log } from "../mesh/log.ts";
import type { Catalog } from "../registry/catalog.ts";
import type { Engine } from "./docker/engine.ts";
import { followEvents } from "./docker/events.ts";
import { type FollowedPolicies, followPolicies } from "./policy/follow-policies.ts";
import type { ContainerRecord } from "./reconcile/container-record.ts";
import type { Holds } from "./reconcile/holds.ts";
import type { Observer } from "./reconcile/observer.ts";
import type { Reconciler } from "./reconcile/reconciler.ts";
import { type FollowedServices, followServices } from "./swarm/follow-services.ts";

/** Everything is listed anew this often, ms: whatever an event failed to say is found then. */
const RESYNC_INTERVAL = 30_000;
/** While the catalog does not answer, this node's registrations are asked for again after at most this long, ms. */
const CATALOG_RETRY = 2_000;

export interface NewsParts extends FollowedPolicies, FollowedServices {
  readonly engine: Engine;
  readonly catalog: Catalog;
  readonly observer: Observer;
  readonly reconciler: Reconciler;
  readonly interceptions: ContainerRecord;
  readonly holds: Holds;
  readonly clock: Clock;
  readonly log: Log;
}

/** All sources until the signal aborts; the failure of one is the failure of all. */
export async function followNews(parts: NewsParts, signal: AbortSignal): Promise<void> {
  await Promise.all([
    followEngine(parts, signal),
    followViews(parts, signal),
    followPolicies(parts, () => parts.reconciler.trigger(), signal),
    followServices(parts, signal),
    followRegistrations(parts, signal),
    resync(parts, signal),
  ]);
}

async function followEngine(
  { engine, observer, holds, reconciler, serviceRecorder, clock, log }: NewsParts,
  signal: AbortSignal,
): Promise<void> {
  for await (const event of followEvents(engine, clock, log, signal)) {
    const pausing = holds.note(event);
    if (event.kind === "service" || event.kind === "subscribed") serviceRecorder.trigger();
    if (!observer.note(event) || pausing) continue;
    if (event.kind === "signalled") reconciler.noteStop();
    else reconciler.trigger();
  }
}

async function followViews({ catalog, reconciler }: NewsParts, signal: AbortSignal): Promise<void> {
  for await (const view of catalog.views(signal)) reconciler.setView(view);
}

/** Asks now and then which of this node's instances the catalog has: how ghosts of an earlier agent are found. */
async function followRegistrations(
  { catalog, reconciler, clock, log }: NewsParts,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff({ base: 100, max: CATALOG_RETRY });
  while (!signal.aborted) {
    let pause = RESYNC_INTERVAL;
    try {
      reconciler.setRegistered(await catalog.registered(signal));
      backoff.reset();
    } catch (error) {
      if (signal.aborted) return;
      pause = backoff.next();
      log.debug("the catalog did not list this node's instances", { error: describeError(error) });
      reconciler.trigger();
    }
    await clock.sleep(pause, signal).catch(() => undefined);
  }
}

async function resync(
  { observer, reconciler, interceptions, clock }: NewsParts,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(RESYNC_INTERVAL, signal).catch(() => undefined);
    observer.markAll();
    await interceptions.keepOnly(new Set(observer.containers.map(({ id }) => id)));
    reconciler.trigger();
  }
}
