// Turns catalog, certificates and workloads into a snapshot for each sidecar of this node, and keeps still where it does
// not know enough: what a sidecar has stays in force, which is better than a snapshot with endpoints missing.
import type { Clock } from "../../mesh/clock.ts";
import type { OwnIntentions } from "../../proxy/configuration/snapshot.ts";
import type { CatalogEntry, CatalogView } from "../../registry/catalog.ts";
import type { Leaf, TrustBundle } from "../certificates/authority.ts";
import type { Problem } from "../status.ts";
import type { KnownService, Workload } from "../workload/workload.ts";
import {
  buildDirectory,
  correctLocalEntries,
  type Directory,
  type LocalInstance,
  toKnownService,
} from "./directory.ts";
import { outboundOf } from "./outbound.ts";
import type { SidecarSessions } from "./sessions.ts";
import { buildSnapshot } from "./snapshot.ts";
import { usableEntries } from "./usable-entries.ts";

/** A service that nobody runs any more keeps its name and answers 503 for this long, ms: nothing slips past the mesh. */
const REMEMBER_FOR = 600_000;

/** As much of the certificates as publishing needs. */
export interface LeafSource {
  readonly bundle: TrustBundle | undefined;
  /** Undefined while the first one of the service has not come yet. */
  leaf(service: string): Leaf | undefined;
  /** Keeps a service's leaf coming until it is disposed. */
  follow(service: string): Disposable;
}

export interface PublishedWorkload extends LocalInstance {
  readonly workload: Workload;
  /** Its sidecar was there before this agent, and had its first snapshot of the one before. */
  readonly adopted: boolean;
  readonly registered: boolean;
}

export interface PublisherInput {
  readonly node: string;
  readonly workloads: readonly PublishedWorkload[];
  /** For some time after an agent's start: adopted sidecars may yet be heard of, and their workloads registered again. */
  readonly adopting: boolean;
  /** The newest view; undefined while the catalog has given none to this agent. */
  readonly view: CatalogView | undefined;
  readonly catalogReachable: boolean;
}

const ALLOW_ALL: OwnIntentions = { defaultAction: "allow", list: [] };

export class Publisher {
  readonly #sessions: SidecarSessions;
  readonly #leaves: LeafSource;
  readonly #clock: Clock;
  readonly #followed = new Map<string, Disposable>();
  readonly #remembered = new Map<string, { service: KnownService; seenAt: number }>();
  #problems: readonly Problem[] = [];
  #directory: Directory = { services: [], problems: [] };

  constructor(sessions: SidecarSessions, leaves: LeafSource, clock: Clock) {
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
    const usable = usableEntries(view?.entries ?? []);
    const entries = correctLocalEntries(usable.entries, node, workloads, catalogReachable);
    this.#directory = buildDirectory(entries, this.#remember(usable.entries, workloads));
    const bundle = this.#leaves.bundle;
    const settled = isSettled(input);
    const problems: Problem[] = [...usable.problems];
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
        policy: {},
        intentions: ALLOW_ALL,
        jwks: undefined,
      };
      this.#sessions.publish(workload, buildSnapshot(parts));
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
    entries: readonly CatalogEntry[],
    workloads: readonly PublishedWorkload[],
  ): KnownService[] {
    const now = this.#clock.monotonic();
    const seen = [
      ...entries.map(({ instance }) => instance),
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
function isSettled({ workloads, adopting, catalogReachable }: PublisherInput): boolean {
  if (!adopting) return true;
  return workloads
    .filter(({ adopted }) => adopted)
    .every(
      ({ health, registered }) =>
        health !== "unknown" && (registered || !catalogReachable || health !== "passing"),
    );
}
