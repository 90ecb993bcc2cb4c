// The catalog in the agent's own memory: for one node without Consul. It keeps the same promises; time to live and
// forgetting are worked out from the clock whenever someone looks, and a view wakes up when the next of them is due.
import { isDeepStrictEqual } from "node:util";
import { type Clock, systemClock } from "../../mesh/clock.ts";
import { MeshError } from "../../mesh/errors.ts";
import { Latest } from "../../mesh/latest.ts";
import type { Health, Instance } from "../../mesh/model.ts";
import type { Catalog, CatalogStatus, CatalogView, HealthReport } from "../catalog.ts";
import { wakes } from "../wakes.ts";

export interface EmbeddedCatalogOptions {
  /** The engine's node name: whose instances `registered` lists. */
  readonly node: string;
  /** Within which a health must be repeated, ms. Default 30 s. */
  readonly timeToLive?: number;
  /** After which an instance is forgotten when its time to live has passed, ms. Default 10 min. */
  readonly deregisterAfter?: number;
  readonly clock?: Clock;
}

interface Kept {
  readonly instance: Instance;
  readonly health: Health;
  /** Monotonic, ms: when it becomes critical, and when it is forgotten, unless its health is repeated. */
  readonly expiresAt: number;
  readonly forgottenAt: number;
}

/** Keeps the promises of catalog.ts in memory; a new one starts empty. */
export class EmbeddedCatalog implements Catalog {
  readonly #node: string;
  readonly #timeToLive: number;
  readonly #deregisterAfter: number;
  readonly #clock: Clock;
  readonly #changed: Latest<true> = new Latest();
  readonly #kept = new Map<string, Kept>();
  readonly #since: number;

  constructor(options: EmbeddedCatalogOptions) {
    this.#node = options.node;
    this.#timeToLive = options.timeToLive ?? 30_000;
    this.#deregisterAfter = options.deregisterAfter ?? 600_000;
    this.#clock = options.clock ?? systemClock;
    this.#since = this.#clock.wall();
    this.#changed.set(true);
  }

  async register(instance: Instance, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#forget();
    const kept = this.#kept.get(instance.id) ?? this.#silentFromNow(instance);
    this.#keep({ ...kept, instance });
  }

  async report(instanceId: string, report: HealthReport, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#forget();
    const kept = this.#kept.get(instanceId);
    if (kept === undefined)
      throw new MeshError(
        "CATALOG_REFUSED",
        `expected ${instanceId} to be registered before its report`,
      );
    this.#keep({ ...this.#silentFromNow(kept.instance), health: report.health });
  }

  async deregister(instanceId: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#kept.delete(instanceId);
    this.#changed.set(true);
  }

  async registered(signal: AbortSignal): Promise<readonly Instance[]> {
    signal.throwIfAborted();
    this.#forget();
    return [...this.#kept.values()]
      .map(({ instance }) => instance)
      .filter(({ node }) => node === this.#node);
  }

  async *views(signal: AbortSignal): AsyncGenerator<CatalogView, void, undefined> {
    let last: CatalogView | undefined;
    for await (const _ of wakes(this.#changed, () => this.#nextChange(), this.#clock, signal)) {
      const view = this.#view();
      if (isDeepStrictEqual(view, last)) continue;
      last = view;
      yield view;
    }
  }

  status(): CatalogStatus {
    return { reachable: true, since: this.#since, problem: undefined };
  }

  #keep(kept: Kept): void {
    this.#kept.set(kept.instance.id, kept);
    this.#changed.set(true);
  }

  #silentFromNow(instance: Instance): Kept {
    const expiresAt = this.#clock.monotonic() + this.#timeToLive;
    const forgottenAt = expiresAt + this.#deregisterAfter;
    return { instance, health: "critical", expiresAt, forgottenAt };
  }

  #view(): CatalogView {
    this.#forget();
    const now = this.#clock.monotonic();
    const entries = [...this.#kept.values()].map(({ instance, health, expiresAt }) => ({
      instance,
      health: now < expiresAt ? health : ("critical" as const),
    }));
    return { entries: entries.toSorted((a, b) => (a.instance.id < b.instance.id ? -1 : 1)) };
  }

  #forget(): void {
    const now = this.#clock.monotonic();
    for (const { instance, forgottenAt } of this.#kept.values())
      if (now >= forgottenAt) this.#kept.delete(instance.id);
  }

  // When time alone will change what a view shows.
  #nextChange(): number | undefined {
    const now = this.#clock.monotonic();
    const times = [...this.#kept.values()]
      .flatMap(({ expiresAt, forgottenAt }) => [expiresAt, forgottenAt])
      .filter((time) => time > now);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
