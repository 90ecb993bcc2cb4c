// What to believe when Consul suddenly knows less. A Consul that lost its state, or came back after an outage, truthfully
// answers with empty lists and expired checks; taking that at its word would cut every connection of the mesh.
//
// The rule: while answers follow on each other without a break, every loss is believed at once. After a break (a failed
// call, an index that went back) an instance that vanished stays as it was, and one that is critical only because nobody
// has spoken keeps its health, until Consul has answered for one time to live without another break. Every agent that is
// alive repeats its reports within that time, and thereby registers again what Consul lost; so what is missing or silent
// after it is gone. What this node itself deregistered is gone at once, and gains are always believed.
//
// And one about nodes: Consul loses its agent on a node within seconds, but that agent is not on the path of requests. It may
// just be restarting, and when it comes back with another address, as containers do, the others take it for an impostor
// for up to a minute. So what was well on a lost node stays so for a while; callers find out by themselves what is dead.
import type { CatalogEntry } from "../catalog.ts";

/** An entry as Consul gives it. */
export interface ObservedEntry extends CatalogEntry {
  /** True when it is critical only because nobody has spoken. */
  readonly silent: boolean;
  /** True when Consul has lost its own agent on the instance's node, which counts as critical in the end. */
  readonly nodeLost: boolean;
}

/** ms: 30 s in which nobody may take a dead member's name, up to 30 s until its news get about, and some to notice. */
const LOST_NODE_COUNTS_AFTER = 90_000;

/** Holds what is believed. Times are monotonic, ms. */
export class LossGuard {
  readonly #confirmAfter: number;
  #believed: ReadonlyMap<string, CatalogEntry> = new Map();
  #broken = false;
  #confirmedAt: number | undefined;
  /** When the nodes of instances that were well were lost, by instance id. */
  #lostAt: ReadonlyMap<string, number> = new Map();

  /** Losses after a break are believed after `confirmAfter` ms of answers. */
  constructor(confirmAfter: number) {
    this.#confirmAfter = confirmAfter;
  }

  /** When {@link believe} should be asked again though nothing changed; undefined for never. */
  get confirmedAt(): number | undefined {
    const lost = [...this.#lostAt.values()].map((at) => at + LOST_NODE_COUNTS_AFTER);
    const all = this.#confirmedAt === undefined ? lost : [this.#confirmedAt, ...lost];
    return all.length === 0 ? undefined : Math.min(...all);
  }

  /** Continuity was lost. */
  broken(): void {
    this.#broken = true;
    this.#confirmedAt = undefined;
  }

  /** Consul answered. */
  answered(now: number): void {
    if (this.#broken) this.#confirmedAt ??= now + this.#confirmAfter;
  }

  /** What to believe, given what Consul lists and which ids this node has deregistered. */
  believe(
    observed: readonly ObservedEntry[],
    deregistered: (id: string) => boolean,
    now: number,
  ): readonly CatalogEntry[] {
    if (this.#confirmedAt !== undefined && now >= this.#confirmedAt) {
      this.#broken = false;
      this.#confirmedAt = undefined;
    }
    const believed = new Map(this.#broken ? this.#believed : []);
    const doubtful = this.#doubtful(observed, now);
    for (const { instance, health, silent, nodeLost } of observed) {
      const before = this.#broken && silent ? this.#believed.get(instance.id)?.health : undefined;
      const gone = nodeLost && !doubtful.has(instance.id);
      believed.set(instance.id, { instance, health: gone ? "critical" : (before ?? health) });
    }
    this.#lostAt = doubtful;
    const entries = [...believed.values()].filter(({ instance }) => !deregistered(instance.id));
    this.#believed = new Map(entries.map((entry) => [entry.instance.id, entry]));
    return entries.toSorted((a, b) => (a.instance.id < b.instance.id ? -1 : 1));
  }

  /** The instances on lost nodes of which nobody knows yet, with the time since when: they were well just before. */
  #doubtful(observed: readonly ObservedEntry[], now: number): ReadonlyMap<string, number> {
    const doubtful = new Map<string, number>();
    for (const { instance, nodeLost } of observed) {
      if (!nodeLost) continue;
      const before = this.#believed.get(instance.id)?.health ?? "critical";
      const since = this.#lostAt.get(instance.id) ?? (before === "critical" ? undefined : now);
      if (since === undefined || now >= since + LOST_NODE_COUNTS_AFTER) continue;
      doubtful.set(instance.id, since);
    }
    return doubtful;
  }
}
