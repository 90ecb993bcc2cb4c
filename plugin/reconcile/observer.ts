// What the engine says about the node, kept current: events mark containers as dirty, `refresh` asks about those again.
// Holds facts only; what follows from them is decided elsewhere.
import type { Clock } from "../../mesh/clock.ts";
import type { ContainerFacts, ExplicitFacts, SidecarFacts } from "../docker/container-facts.ts";
import type { Inspected } from "../docker/engine.ts";
import type { EngineEvent } from "../docker/events.ts";
import { endsContainer } from "../workload/stopping.ts";
import { withWorkloadStarts } from "./explicit.ts";

/** As much of the engine as observing needs. */
export interface Inspector {
  list(signal: AbortSignal): Promise<string[]>;
  inspect(id: string, signal: AbortSignal): Promise<Inspected | undefined>;
  introduction(id: string, startedAt: string, signal: AbortSignal): Promise<string | undefined>;
}

/** How many inspections run at once: enough to hide latency, too few to keep the engine from its work. */
const PARALLEL_INSPECTIONS = 8;

export class Observer {
  readonly #engine: Inspector;
  readonly #clock: Clock;
  readonly #known = new Map<string, Inspected>();
  readonly #dirty = new Set<string>();
  /**
   * Container id → when its stop signal came, on the monotonic clock. Until it is seen to stand still, or starts anew: what has
   * died is known as running until it is looked at, and must not pass for well meanwhile.
   */
  readonly #stopping = new Map<string, number>();
  #listDue = true;

  constructor(engine: Inspector, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** Everything must be listed again: at the start, after lost events, and now and then. */
  markAll(): void {
    this.#listDue = true;
  }

  mark(containerIds: Iterable<string>): void {
    for (const id of containerIds) this.#dirty.add(id);
  }

  /**
   * Somebody came to the agent's socket with a token that belongs to no sidecar: one of those that have not introduced
   * themselves. True when there is such a one to look at again.
   */
  noteStranger(): boolean {
    const unknown = this.sidecars.filter((facts) => mayIntroduce(facts) && digestOf(facts) === "");
    this.mark(unknown.map(({ id }) => id));
    return unknown.length > 0;
  }

  /** Takes note of an event; true when there is something to look at. */
  note(event: EngineEvent): boolean {
    switch (event.kind) {
      case "subscribed":
        this.markAll();
        return true;
      case "lost":
      case "service":
        return false;
      case "changed":
        this.#dirty.add(event.containerId);
        return true;
      case "started":
        this.#stopping.delete(event.containerId);
        this.#dirty.add(event.containerId);
        // No event tells that the engine has failed to start them again beside it.
        this.mark(this.#explicitBeside(event.containerId));
        return true;
      case "signalled":
        return this.#noteSignal(event.containerId, event.signal);
    }
  }

  /**
   * Asks the engine about everything that is dirty. What could not be asked stays dirty, and keeps nothing else from
   * being looked at: what an agent has just made must be seen, or it would be made again.
   */
  async refresh(signal: AbortSignal): Promise<void> {
    const listing = await Promise.allSettled(this.#listDue ? [this.#list(signal)] : []);
    const ids = [...this.#dirty];
    this.#dirty.clear();
    const next = ids.values();
    const worker = async (): Promise<void> => {
      for (const id of next) await this.#look(id, signal);
    };
    const results = await Promise.allSettled(Array.from({ length: PARALLEL_INSPECTIONS }, worker));
    // Left when every worker met a failure.
    this.mark(next);
    for (const result of [...listing, ...results])
      if (result.status === "rejected") throw result.reason;
  }

  /** Whether the engine has told of all containers since it was reached; what is known may be old otherwise. */
  get isListed(): boolean {
    return !this.#listDue;
  }

  /** The user's running containers that carry mesh labels, by name. */
  get containers(): readonly ContainerFacts[] {
    return [...this.#known.values()]
      .filter((entry) => entry.kind === "container")
      .map(({ facts }) => facts)
      .filter(({ running }) => running)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The oldest first. */
  get sidecars(): readonly SidecarFacts[] {
    const sidecars = [...this.#known.values()]
      .filter((entry) => entry.kind === "sidecar")
      .map(({ facts }) => facts);
    const hasExplicit = sidecars.some(({ explicit }) => explicit !== undefined);
    const placed = hasExplicit ? withWorkloadStarts(sidecars, this.containers) : sidecars;
    return placed.sort((a, b) => (`${a.createdAt} ${a.id}` < `${b.createdAt} ${b.id}` ? -1 : 1));
  }

  /** When the container's stop signal came; undefined when none is known. */
  stoppingSince(containerId: string): number | undefined {
    return this.#stopping.get(containerId);
  }

  #noteSignal(containerId: string, signal: string): boolean {
    const entry = this.#known.get(containerId);
    if (entry?.kind !== "container" || !endsContainer(entry.facts, signal)) return false;
    this.#stopping.set(containerId, this.#clock.monotonic());
    return true;
  }

  #explicitBeside(containerId: string): readonly string[] {
    return [...this.#known.values()]
      .filter((entry) => entry.kind === "sidecar" && entry.facts.explicit !== undefined)
      .filter(({ facts }) => (facts as SidecarFacts).workloadId === containerId)
      .map(({ facts }) => facts.id);
  }

  async #list(signal: AbortSignal): Promise<void> {
    this.#listDue = false;
    try {
      const listed = new Set(await this.#engine.list(signal));
      for (const id of this.#known.keys()) if (!listed.has(id)) this.#forget(id);
      for (const id of listed) this.#dirty.add(id);
    } catch (error) {
      this.#listDue = true;
      throw error;
    }
  }

  async #look(id: string, signal: AbortSignal): Promise<void> {
    const stopping = this.#stopping.get(id);
    try {
      const inspected = await this.#introduce(await this.#engine.inspect(id, signal), signal);
      if (inspected === undefined) this.#forget(id);
      else this.#known.set(id, inspected);
      // Not when its signal came during this look, which may have been at the time before its start.
      if (inspected?.facts.running === false && this.#stopping.get(id) === stopping)
        this.#stopping.delete(id);
    } catch (error) {
      this.#dirty.add(id);
      throw error;
    }
  }

  /** With what an explicit sidecar has printed at this start of it: read once, since it may print much else. */
  async #introduce(
    inspected: Inspected | undefined,
    signal: AbortSignal,
  ): Promise<Inspected | undefined> {
    if (inspected?.kind !== "sidecar" || !mayIntroduce(inspected.facts)) return inspected;
    const { facts } = inspected;
    const { id, explicit } = facts;
    const before = this.#known.get(id);
    const isSame =
      before?.kind === "sidecar" && before.facts.explicit?.startedAt === explicit.startedAt;
    const known = isSame ? digestOf(before.facts) : "";
    const tokenDigest = known || (await this.#engine.introduction(id, explicit.startedAt, signal));
    return { kind: "sidecar", facts: { ...facts, explicit: { ...explicit, tokenDigest } } };
  }

  #forget(id: string): void {
    this.#known.delete(id);
    this.#stopping.delete(id);
  }
}

function mayIntroduce(
  facts: SidecarFacts,
): facts is SidecarFacts & { readonly explicit: ExplicitFacts } {
  return facts.explicit !== undefined && facts.role === "sidecar" && facts.running;
}

function digestOf({ explicit }: SidecarFacts): string {
  return explicit?.tokenDigest ?? "";
}
