// On a manager: keeps in the catalog what workers cannot read, the labels of Swarm's services. Every manager's agent does so;
// on other nodes it only finds out, now and then, that it still has nothing to do.
import { Backoff } from "../../mesh/backoff.ts";
import type { Clock } from "../../mesh/clock.ts";
import { describeError, MeshError } from "../../mesh/errors.ts";
import { Latest } from "../../mesh/latest.ts";
import type { Log } from "../../mesh/log.ts";
import type { SwarmService, SwarmServices } from "../../registry/swarm-services.ts";
import type { ServiceListing } from "../docker/swarm-facts.ts";
import type { Problem } from "../status.ts";
import { planRecords } from "./plan-records.ts";
import type { ServiceLabels } from "./service-labels.ts";

/** A manager that has not seen a recorded service for so long, while its swarm had a leader, believes that it is gone, ms. */
const GONE_AFTER = 60_000;
/** Events within this time make one look, ms; the first one after a rest is looked at at once. */
const COALESCE = 20;
/** A look at least this often, ms: a node may become a manager without an event. */
const LOOK_INTERVAL = 30_000;

export interface ServiceRecorderParts {
  readonly engine: {
    /** Undefined on a node that is no manager. */
    swarmServices(signal: AbortSignal): Promise<ServiceListing | undefined>;
  };
  readonly store: SwarmServices;
  /** What the catalog has, as far as this node has heard. */
  readonly labels: ServiceLabels;
  readonly clock: Clock;
  readonly log: Log;
}

export class ServiceRecorder {
  readonly #parts: ServiceRecorderParts;
  readonly #wake: Latest<undefined> = new Latest();
  /** Service id → the newest version that this agent has seen itself. */
  readonly #seen = new Map<string, number>();
  /** Service id → when it was missed first (monotonic, ms), though it is recorded. */
  readonly #missed = new Map<string, number>();
  #problem: Problem | undefined;

  constructor(parts: ServiceRecorderParts) {
    this.#parts = parts;
  }

  /** Asks for a look; returns at once. */
  trigger(): void {
    this.#wake.set(undefined);
  }

  get problems(): readonly Problem[] {
    return this.#problem === undefined ? [] : [this.#problem];
  }

  /** Looks until the signal aborts; a look that fails is repeated. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const backoff = new Backoff({ base: 200, max: 10_000 });
    const ticking = this.#tick(signal);
    this.trigger();
    for await (const _ of this.#wake.values(signal)) {
      const isDone = await this.#guardedLook(signal);
      if (isDone) backoff.reset();
      else this.trigger();
      await clock.sleep(isDone ? COALESCE : backoff.next(), signal).catch(() => undefined);
    }
    await ticking;
  }

  async #tick(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#parts.clock.sleep(LOOK_INTERVAL, signal).catch(() => undefined);
      this.trigger();
    }
  }

  async #guardedLook(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#look(signal);
      this.#problem = undefined;
      return true;
    } catch (error) {
      if (signal.aborted) return true;
      this.#note(error);
      return false;
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { engine, store, labels } = this.#parts;
    const { recorded } = labels;
    // Without it nobody knows what is news; its first view asks for a look.
    if (recorded === undefined) return;
    const listing = await engine.swarmServices(signal);
    if (listing === undefined) return labels.setListed();
    this.#remember(listing, recorded);
    const { record, remove } = planRecords(listing, recorded, (service) => this.#isGone(service));
    for (const { id, version } of remove) await store.remove(id, version, signal);
    // Only what has come back counts: the view of what is written here asks for another look.
    if (record.length === 0) return labels.setListed();
    await store.record(record, signal);
    this.#parts.log.info("labels of services recorded", describe(record));
  }

  #remember({ services }: ServiceListing, recorded: ReadonlyMap<string, SwarmService>): void {
    const now = this.#parts.clock.monotonic();
    const listed = new Set(services.map(({ id }) => id));
    for (const { id, version } of services)
      this.#seen.set(id, Math.max(version, this.#seen.get(id) ?? 0));
    for (const id of recorded.keys())
      if (!listed.has(id) && !this.#missed.has(id)) this.#missed.set(id, now);
    for (const id of this.#missed.keys())
      if (listed.has(id) || !recorded.has(id)) this.#missed.delete(id);
    for (const id of this.#seen.keys())
      if (!listed.has(id) && !recorded.has(id)) this.#seen.delete(id);
  }

  /** It was here in the very version that is recorded; or it is missed for longer than a manager can be behind. */
  #isGone({ id, version }: SwarmService): boolean {
    if ((this.#seen.get(id) ?? -1) >= version) return true;
    const { clock } = this.#parts;
    return clock.monotonic() - (this.#missed.get(id) ?? clock.monotonic()) >= GONE_AFTER;
  }

  #note(error: unknown): void {
    const code = error instanceof MeshError ? error.code : "ENGINE_UNAVAILABLE";
    const message = `labels of Swarm's services are not brought up to date: ${describeError(error)}; what was recorded last stays in force`;
    if (this.#problem?.message !== message) this.#parts.log.warn(message);
    this.#problem = { subject: "swarm", code, message };
  }
}

function describe(services: readonly SwarmService[]): Readonly<Record<string, unknown>> {
  return { services: services.map(({ name, version }) => `${name} ${version}`) };
}
