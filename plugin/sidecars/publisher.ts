// Turns catalog, certificates and workloads into a snapshot for each sidecar of this node, and keeps still where it does
// not know enough: what a sidecar has stays in force, which is better than a snapshot with endpoints missing.
import type { Clock } from "../../mesh/clock.ts";
import type { Observation } from "../../proxy/configuration/observed-request.ts";
import type { OutboundService } from "../../proxy/configuration/snapshot.ts";
import type { CatalogEntry, CatalogView } from "../../registry/catalog.ts";
import type { Leaf, TrustBundle } from "../certificates/authority.ts";
import type { Gateways } from "../gateway/gateways.ts";
import type { KeySets } from "../policy/key-sets.ts";
import type { ServicePolicies } from "../policy/service-policies.ts";
import type { Problem } from "../status.ts";
import type { KnownService, Workload } from "../workload/workload.ts";
import {
  buildDirectory,
  correctLocalEntries,
  type Directory,
  type LocalInstance,
  toKnownService,
} from "./directory.ts";
import { type CallerPolicy, outboundOf } from "./outbound.ts";
import { OutboundServices } from "./outbound-services.ts";
import type { SidecarSessions } from "./sessions.ts";
import { buildSnapshot, type SnapshotParts } from "./snapshot.ts";
import { usableEntries } from "./usable-entries.ts";

/** A service that nobody runs any more keeps its name and answers 503 for this long, ms: nothing slips past the mesh. */
const REMEMBER_FOR = 600_000;

/** Nobody is told before all is known about who may call whom: what sidecars have stays in force. */
const POLICIES_UNKNOWN: Problem = {
  subject: "policy",
  code: "CATALOG_UNAVAILABLE",
  message:
    "policies and intentions have not been read from the catalog yet: sidecars keep what they have, new ones wait; where Consul uses access control, MESH_CONSUL_TOKEN must allow it to be done",
};

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

type Names = Pick<KnownService, "service" | "project" | "alias">;

export interface PublisherInput {
  readonly node: string;
  readonly workloads: readonly PublishedWorkload[];
  /** Ids of this node's containers of which the catalog knows more than the node for now. */
  readonly undecided: ReadonlySet<string>;
  /** For some time after an agent's start: adopted sidecars may yet be heard of, and their workloads registered again. */
  readonly adopting: boolean;
  /** The newest view; undefined while the catalog has given none to this agent. */
  readonly view: CatalogView | undefined;
  readonly catalogReachable: boolean;
}

/** What is wanted of the single requests of a service's workload that calls these; undefined: nothing. */
export type ObservationWanted = (
  service: string,
  calls: readonly Pick<OutboundService, "service">[],
) => Observation | undefined;

export interface PublisherParts {
  readonly sessions: SidecarSessions;
  readonly leaves: LeafSource;
  readonly policies: ServicePolicies;
  readonly keySets: KeySets;
  readonly gateways: Gateways;
  readonly observation: ObservationWanted;
  readonly clock: Clock;
}

export class Publisher {
  readonly #parts: PublisherParts;
  readonly #followed = new Map<string, Disposable>();
  readonly #remembered = new Map<string, { service: KnownService; seenAt: number }>();
  readonly #outbound = new OutboundServices();
  #problems: readonly Problem[] = [];
  #directory: Directory = { services: [], problems: [] };

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  get problems(): readonly Problem[] {
    const { policies, keySets, gateways } = this.#parts;
    return [
      ...this.#problems,
      ...gateways.problems,
      ...this.#directory.problems,
      ...policies.problems,
      ...keySets.problems,
    ];
  }

  get directory(): Directory {
    return this.#directory;
  }

  publish(input: PublisherInput): void {
    this.#followLeaves(new Set(input.workloads.map(({ workload }) => workload.service)));
    const { view, node, workloads, undecided, catalogReachable } = input;
    const usable = usableEntries(view?.entries ?? []);
    // The name of what nobody may call would only stay behind in hosts files.
    const offered = workloads.filter(({ workload }) => workload.offered);
    const local = { node, workloads: offered, undecided };
    const entries = correctLocalEntries(usable.entries, local, catalogReachable);
    this.#directory = buildDirectory(
      entries,
      this.#remember(usable.entries, offered),
      this.#directory,
    );
    this.#refreshPolicies(entries, workloads);
    this.#problems = [...usable.problems, ...this.#publishAll(input)];
  }

  #publishAll(input: PublisherInput): Problem[] {
    const { leaves, policies, gateways } = this.#parts;
    const { bundle } = leaves;
    const services = this.#directory.services.filter(({ service }) => policies.namesHosts(service));
    const all = input.workloads.map(({ workload }) => workload);
    gateways.refresh(services, (service) => policies.of(service).gateway, all);
    const problems: Problem[] = [];
    if (bundle === undefined) return problems;
    if (!policies.isComplete) problems.push(POLICIES_UNKNOWN);
    const maySpeak = isSettled(input) && policies.isComplete;
    const policyOf = remembering((service: string): CallerPolicy => policies.of(service).caller);
    const { published } = gateways;
    const side = { directory: this.#directory, bundle, node: input.node, policyOf, published };
    for (const { workload, health, adopted } of input.workloads) {
      const outbound = outboundOf(workload, side, this.#outbound);
      problems.push(...outbound.problems);
      const leaf = leaves.leaf(workload.service);
      if (leaf === undefined || !maySpeak || (adopted && input.view === undefined)) continue;
      const gateway = gateways.sectionOf(workload);
      if (workload.gateway !== undefined && gateway === undefined) continue;
      const draining = health === "draining";
      const observation = this.#parts.observation(workload.service, outbound.services);
      const parts = { workload, leaf, bundle, outbound: outbound.services, draining, observation };
      this.#publishOne({ ...parts, gateway, ...this.#access(workload.service) });
    }
    this.#outbound.forgetOthers();
    return problems;
  }

  #publishOne(parts: SnapshotParts): void {
    this.#parts.sessions.publish(parts.workload, buildSnapshot(parts));
  }

  /** What concerns calls to the service. */
  #access(service: string): Pick<SnapshotParts, "policy" | "intentions" | "jwks"> {
    const { policies, keySets } = this.#parts;
    const { callee, keySet } = policies.of(service);
    return {
      policy: callee,
      intentions: policies.intentions(service),
      jwks: keySet === undefined ? undefined : keySets.keys(keySet),
    };
  }

  /** Copies that run here count from their start on, also before the catalog has them. */
  #refreshPolicies(
    entries: readonly CatalogEntry[],
    workloads: readonly PublishedWorkload[],
  ): void {
    const { policies, keySets } = this.#parts;
    const own = new Map(workloads.map(({ instance }) => [instance.id, instance]));
    const copies = entries.map(({ instance }) => {
      const local = own.get(instance.id);
      own.delete(instance.id);
      return local ?? instance;
    });
    policies.refresh([...copies, ...own.values()], this.#directory.services);
    const needed = workloads.map(({ workload }) => policies.of(workload.service).keySet);
    keySets.follow(new Set(needed.filter((address) => address !== undefined)));
  }

  #followLeaves(services: ReadonlySet<string>): void {
    for (const [service, following] of this.#followed) {
      if (services.has(service)) continue;
      following[Symbol.dispose]();
      this.#followed.delete(service);
    }
    for (const service of services) {
      if (!this.#followed.has(service))
        this.#followed.set(service, this.#parts.leaves.follow(service));
    }
  }

  /** Services that run here, or ran anywhere a short while ago, whether or not they have an instance now. */
  #remember(
    entries: readonly CatalogEntry[],
    workloads: readonly PublishedWorkload[],
  ): KnownService[] {
    const now = this.#parts.clock.monotonic();
    const seen = [
      ...entries.map(({ instance }) => instance),
      ...workloads.map(({ workload }) => workload),
    ];
    for (const [index, source] of seen.entries()) {
      // Copies of one service may have different short names: each is dialed by somebody. Most are alike, and follow each other.
      if (isCalledLike(source, seen[index + 1])) continue;
      const key = `${source.service} ${source.project ?? ""} ${source.alias ?? ""}`;
      this.#remembered.set(key, { service: toKnownService(source), seenAt: now });
    }
    for (const [key, { seenAt }] of this.#remembered) {
      if (now - seenAt > REMEMBER_FOR) this.#remembered.delete(key);
    }
    return [...this.#remembered.values()].map(({ service }) => service);
  }
}

function isCalledLike(one: Names, other: Names | undefined): boolean {
  return (
    one.service === other?.service && one.project === other.project && one.alias === other.alias
  );
}

/** Every workload asks of every service that it may call, and during one pass the answer stays the same. */
function remembering<T>(work: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const made = work(key);
    known.set(key, made);
    return made;
  };
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
      ({ workload, health, registered }) =>
        health !== "unknown" &&
        (registered || !catalogReachable || health !== "passing" || !workload.offered),
    );
}
