// Turns catalog, certificates and workloads into a snapshot for each sidecar of this node, and keeps still where it does
// not know enough: what a sidecar has stays in force, which is better than a snapshot with endpoints missing.
import type { Clock } from "../../mesh/clock.ts";
import type { CatalogView } from "../../registry/catalog.ts";
import type { ServiceLeaves } from "../certificates/service-leaves.ts";
import type { Problem } from "../status.ts";
import type { KnownService, Workload } from "../workload/workload.ts";
import {
  buildDirectory,
  correctLocalEntries,
  type Directory,
  type LocalInstance,
  outboundOf,
  toKnownService,
} from "./directory.ts";
import type { SidecarSessions } from "./sessions.ts";
import { buildSnapshot } from "./snapshot.ts";

/** A service that nobody runs any more keeps its name and answers 503 for this long, ms: nothing slips past the mesh. */
const REMEMBER_FOR = 600_000;

export interface PublishedWorkload extends LocalInstance {
  readonly workload: Workload;
  /** Its sidecar was there before this agent and still works by the snapshot of the one before. */
  readonly adopted: boolean;
  readonly registered: boolean;
}

export interface PublisherInput {
  readonly node: string;
  readonly workloads: readonly PublishedWorkload[];
  /** The newest view; undefined while the catalog has given none to this agent. */
  readonly view: CatalogView | undefined;
  readonly catalogReachable: boolean;
}

export class Publisher {
  readonly #sessions: SidecarSessions;
  readonly #leaves: ServiceLeaves;
  readonly #clock: Clock;
  readonly #followed = new Map<string, Disposable>();
  readonly #remembered = new Map<string, { service: KnownService; seenAt: number }>();
  #problems: readonly Problem[] = [];
  #directory: Directory = { services: [], problems: [] };

  constructor(sessions: SidecarSessions, leaves: ServiceLeaves, clock: Clock) {
    this.#sessions = sessions;
    this.#leaves = leaves;
    this.#clock = clock;
  }

  get problems(): readonly Problem[] {
    return [...this.#problems, ...this.#directory.problems];
  }

  get directory(): Directory {
    return this.#directory;
  }

  publish(input: PublisherInput): void {
    this.#followLeaves(new Set(input.workloads.map(({ workload }) => workload.service)));
    const { view, node, workloads, catalogReachable } = input;
    const entries = correctLocalEntries(view?.entries ?? [], node, workloads, catalogReachable);
    this.#directory = buildDirectory(entries, this.#remember(view, workloads));
    const bundle = this.#leaves.bundle;
    const settled = isSettled(input);
    const problems: Problem[] = [];
    for (const { workload, health, adopted } of workloads) {
      const leaf = this.#leaves.leaf(workload.service);
      if (bundle === undefined) continue;
      const outbound = outboundOf(workload, this.#directory, bundle);
      problems.push(...outbound.problems);
      if (leaf === undefined || !settled || (adopted && view === undefined)) continue;
      const parts = {
        workload,
        leaf,
        bundle,
        outbound: outbound.services,
        draining: health === "draining",
      };
      this.#sessions.publish(workload.containerId, buildSnapshot(parts));
    }
    this.#problems = problems;
  }

  #followLeaves(services: ReadonlySet<string>): void {
    for (const [service, following] of this.#followed) {
      if (services.has(service)) continue;
      following[Symbol.dispose]();
      this.#followed.delete(service);
    }
    for (const service of services) {
      if (!this.#followed.has(service)) this.#followed.set(service, this.#leaves.follow(service));
    }
  }

  /** Services that run here, or ran anywhere a short while ago, whether or not they have an instance now. */
  #remember(
    view: CatalogView | undefined,
    workloads: readonly PublishedWorkload[],
  ): KnownService[] {
    const now = this.#clock.monotonic();
    const seen = [
      ...(view?.entries ?? []).map(({ instance }) => instance),
      ...workloads.map(({ workload }) => workload),
    ];
    for (const known of seen.map(toKnownService)) {
      this.#remembered.set(known.service, { service: known, seenAt: now });
    }
    for (const [service, { seenAt }] of this.#remembered) {
      if (now - seenAt > REMEMBER_FOR) this.#remembered.delete(service);
    }
    return [...this.#remembered.values()].map(({ service }) => service);
  }
}

/**
 * After an agent's start the catalog may lack instances that are well (an embedded one is empty): until each adopted
 * workload has been heard of and is registered again, or the catalog is known to be away, nobody gets a new snapshot.
 */
function isSettled({ workloads, catalogReachable }: PublisherInput): boolean {
  return workloads
    .filter(({ adopted }) => adopted)
    .every(
      ({ health, registered }) =>
        health !== "unknown" && (registered || !catalogReachable || health !== "passing"),
    );
}
