// The catalog in Consul, through the node's own Consul agent. An instance is two registrations there, the service and its
// sidecar, each with a TTL check that `report` feeds; Consul itself expires and forgets what nobody reports any more.
// What was registered is remembered here, so that a report puts back what a Consul without its state has lost.
import { type Clock, systemClock } from "../../mesh/clock.ts";
import { MeshError } from "../../mesh/errors.ts";
import type { Instance } from "../../mesh/model.ts";
import type { Catalog, CatalogStatus, CatalogView, HealthReport } from "../catalog.ts";
import { Turns } from "../turns.ts";
import { believedViews } from "./believed-views.ts";
import type { ConsulClient } from "./client.ts";
import { ConsulAnswerError } from "./errors.ts";
import { type CheckUpdate, toCheckUpdate } from "./health.ts";
import {
  fromService,
  serviceCheckId,
  sidecarCheckId,
  sidecarId,
  toRegistration,
} from "./registration.ts";
import type { ConsulStatus } from "./types.ts";

// By then every answer that still listed a deregistered instance has long been read.
const REMEMBER_DEREGISTERED = 60_000;

export interface ConsulCatalogOptions {
  /** Stays the caller's, who disposes it after the catalog's last call. */
  readonly client: ConsulClient;
  /** The engine's node name: whose instances `registered` lists. */
  readonly node: string;
  /** Within which a health must be repeated, ms. Default 30 s. */
  readonly timeToLive?: number;
  /** After which Consul forgets a critical instance, ms; Consul allows no less than a minute. Default 10 min. */
  readonly deregisterAfter?: number;
  readonly clock?: Clock;
}

interface Known {
  readonly instance: Instance;
  readonly report: HealthReport | undefined;
  /** Monotonic, ms. */
  readonly reportedAt: number;
}

/** Keeps the promises of catalog.ts with Consul. */
export class ConsulCatalog implements Catalog {
  readonly #client: ConsulClient;
  readonly #node: string;
  readonly #timeToLive: number;
  readonly #deregisterAfter: number;
  readonly #clock: Clock;
  readonly #turns = new Turns();
  readonly #known = new Map<string, Known>();
  readonly #deregistered = new Map<string, number>();

  constructor(options: ConsulCatalogOptions) {
    this.#client = options.client;
    this.#node = options.node;
    this.#timeToLive = options.timeToLive ?? 30_000;
    this.#deregisterAfter = options.deregisterAfter ?? 600_000;
    this.#clock = options.clock ?? systemClock;
  }

  register(instance: Instance, signal: AbortSignal): Promise<void> {
    return this.#turns.run(instance.id, signal, async () => {
      const known = this.#known.get(instance.id);
      const fresh =
        known?.report !== undefined &&
        this.#clock.monotonic() - known.reportedAt < this.#timeToLive;
      const report = fresh ? known.report : undefined;
      await this.#put(instance, report ? toCheckUpdate(report).status : "critical", signal);
      this.#known.set(instance.id, {
        instance,
        report: known?.report,
        reportedAt: known?.reportedAt ?? 0,
      });
      this.#deregistered.delete(instance.id);
    });
  }

  report(instanceId: string, report: HealthReport, signal: AbortSignal): Promise<void> {
    return this.#turns.run(instanceId, signal, async () => {
      const known = this.#known.get(instanceId);
      const update = toCheckUpdate(report);
      await this.#updateOrRestore(instanceId, known, update, signal);
      if (known === undefined) return;
      // Consul holds a new note back for minutes while the status stays, and draining shows in the note alone;
      // registering again sends it at once.
      if ((known.report?.health === "draining") !== (report.health === "draining"))
        await this.#put(known.instance, update.status, signal);
      const reportedAt = this.#clock.monotonic();
      this.#known.set(instanceId, { instance: known.instance, report, reportedAt });
    });
  }

  deregister(instanceId: string, signal: AbortSignal): Promise<void> {
    return this.#turns.run(instanceId, signal, async () => {
      this.#known.delete(instanceId);
      // The service last: `registered` finds it, so whoever is interrupted here can finish the work later.
      await this.#client.deregisterService(sidecarId(instanceId), signal);
      await this.#client.deregisterService(instanceId, signal);
      const now = this.#clock.monotonic();
      for (const [id, at] of this.#deregistered)
        if (now - at > REMEMBER_DEREGISTERED) this.#deregistered.delete(id);
      this.#deregistered.set(instanceId, now);
    });
  }

  async registered(signal: AbortSignal): Promise<readonly Instance[]> {
    const services = await this.#client.agentServices(signal);
    return Object.values(services)
      .map(fromService)
      .filter((instance) => instance?.node === this.#node)
      .filter((instance) => instance !== undefined);
  }

  views(signal: AbortSignal): AsyncGenerator<CatalogView, void, undefined> {
    return believedViews(
      {
        client: this.#client,
        clock: this.#clock,
        timeToLive: this.#timeToLive,
        deregistered: (id) => this.#deregistered.has(id),
      },
      signal,
    );
  }

  status(): CatalogStatus {
    return this.#client.reachability;
  }

  // The sidecar first: who sees the service finds its sidecar there.
  async #put(instance: Instance, status: ConsulStatus, signal: AbortSignal): Promise<void> {
    const times = { timeToLive: this.#timeToLive, deregisterAfter: this.#deregisterAfter };
    const { service, sidecar } = toRegistration(instance, times, status);
    await this.#client.registerService(sidecar, signal);
    await this.#client.registerService(service, signal);
  }

  // Consul answers an error for checks that it does not have: then it has most likely lost its state. If it refuses for
  // another reason, putting the instance back fails with that reason.
  async #updateOrRestore(
    id: string,
    known: Known | undefined,
    update: CheckUpdate,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#updateChecks(id, update, signal);
    } catch (error) {
      if (!(error instanceof ConsulAnswerError) || error.status === 403) throw error;
      if (known === undefined) throw unknownInstance(id, error);
      await this.#put(known.instance, update.status, signal);
      await this.#updateChecks(id, update, signal);
    }
  }

  async #updateChecks(id: string, update: CheckUpdate, signal: AbortSignal): Promise<void> {
    const checks = [sidecarCheckId(id), serviceCheckId(id)];
    await Promise.all(
      checks.map((check) => this.#client.updateCheck(check, update.status, update.note, signal)),
    );
  }
}

function unknownInstance(id: string, cause: unknown): MeshError {
  return new MeshError("CATALOG_REFUSED", `expected ${id} to be registered before its report`, {
    cause,
  });
}
