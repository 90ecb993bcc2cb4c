// What to believe when Consul suddenly knows less. A Consul that lost its state, or came back after an outage, truthfully
// answers with empty lists and expired checks; taking that at its word would cut every connection of the mesh.
//
// The rule: while answers follow on each other without a break, every loss is believed at once. After a break (a failed
// call, an index that went back) an instance that vanished stays as it was, and one that is critical only because nobody
// has spoken keeps its health, until Consul has answered for one time to live without another break. Every agent that is
// alive repeats its reports within that time, and thereby registers again what Consul lost; so what is missing or silent
// after it is gone. What this node itself deregistered is gone at once, and gains are always believed.
//
// And one about nodes: Consul loses its agent on a node within seconds, but that agent is not on the path of requests. What was
// well on a lost node stays so for a moment; and longer when the node has another address than before, since then its agent
// is back already: with its new address the others take it for an impostor for up to a minute. What comes newly on a lost
// node, or becomes well there, can only have been said by an agent that is back.
import type { CatalogEntry } from "../catalog.ts";

/** An entry as Consul gives it. */
export interface ObservedEntry extends CatalogEntry {
  /** True when it is critical only because nobody has spoken. */
  readonly silent: boolean;
  /** True when Consul has lost its own agent on the instance's node, which counts as critical in the end. */
  readonly nodeLost: boolean;
  /** What Consul calls its agent on the instance's node. */
  readonly nodeName: string;
  /** Of that agent. */
  readonly nodeAddress: string;
}

/** ms in which an agent that only restarts has told its new address. */
const RESTARTS_WITHIN = 10_000;
/** ms: 30 s in which nobody may take a dead member's name, up to 30 s until its news get about, and some to notice. */
const BELIEVED_BACK_WITHIN = 90_000;
/** ms for which a node's address is remembered while nothing runs there: one that was cut off may be empty when it is back. */
const REMEMBER_NODE = 3_600_000;
/** ms after which it is noted again which nodes have something running: often enough for that. */
const LOOK_AT_NODES = 60_000;

/** An instance on a lost node. Times are monotonic, ms. */
interface Doubt {
  readonly since: number;
  /** Whether it was found well only while its node was lost. */
  readonly isNews: boolean;
  /** Until when it is believed to be as it was. */
  readonly until: number;
}

interface Address {
  readonly address: string;
  /** When it was first seen in place of another one; undefined for the first. */
  readonly changedAt: number | undefined;
}

interface InstanceSeen {
  address: Address;
  /** The last look that found it. */
  look: number;
}

interface NodeSeen {
  readonly address: Address;
  seenAt: number;
}

/**
 * Holds what is believed. Times are monotonic, ms. Of thousands of instances one changes at a time, ten times a second in a
 * large mesh: what is kept by instance is changed where it has to be, and not made anew.
 */
export class LossGuard {
  readonly #confirmAfter: number;
  readonly #believed = new Map<string, CatalogEntry>();
  /** Ids of what is believed, sorted. */
  #order: readonly string[] = [];
  #broken = false;
  #confirmedAt: number | undefined;
  /** Whether anything has been observed, so that what was not there is new. */
  #hasLooked = false;
  // All by instance id. The first: what is said of instances on lost nodes.
  #saidOfLost: ReadonlyMap<string, ObservedEntry["health"]> = new Map();
  #doubts: ReadonlyMap<string, Doubt> = new Map();
  readonly #seen = new Map<string, InstanceSeen>();
  /** By the node's name in Consul. */
  readonly #nodes = new Map<string, NodeSeen>();
  #nodesSeenAt = Number.NEGATIVE_INFINITY;
  /** How often it has been looked. */
  #looks = 0;

  /** Losses after a break are believed after `confirmAfter` ms of answers. */
  constructor(confirmAfter: number) {
    this.#confirmAfter = confirmAfter;
  }

  /** When {@link believe} should be asked again though nothing changed; undefined for never. */
  get confirmedAt(): number | undefined {
    let earliest = this.#confirmedAt;
    for (const { until } of this.#doubts.values()) earliest = Math.min(until, earliest ?? until);
    return earliest;
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
    const believed = this.#believed;
    this.#follow(observed, now);
    this.#doubts = this.#findDoubts(observed, now);
    for (const entry of observed) this.#believeOne(entry);
    for (const id of believed.keys())
      if (deregistered(id) || (!this.#broken && !this.#seen.has(id))) believed.delete(id);
    return this.#sorted();
  }

  /** The object of before where nothing is new, by which everybody sees at once that nothing is. */
  #believeOne({ instance, health, silent, nodeLost }: ObservedEntry): void {
    const before = this.#believed.get(instance.id);
    const told = this.#broken && silent ? (before?.health ?? health) : health;
    const gone = nodeLost && !this.#doubts.has(instance.id);
    const now = gone ? "critical" : told;
    if (before?.instance === instance && before.health === now) return;
    this.#believed.set(instance.id, { instance, health: now });
  }

  /** Mostly the ids are those of before, and nothing needs to be sorted. */
  #sorted(): readonly CatalogEntry[] {
    const believed = this.#believed;
    const isSame =
      this.#order.length === believed.size && this.#order.every((id) => believed.has(id));
    if (!isSame) this.#order = [...believed.keys()].sort();
    return this.#order.map((id) => believed.get(id) as CatalogEntry);
  }

  #follow(observed: readonly ObservedEntry[], now: number): void {
    this.#looks += 1;
    for (const entry of observed) {
      const seen = this.#seen.get(entry.instance.id);
      if (seen?.address.address === entry.nodeAddress) seen.look = this.#looks;
      else this.#followOne(entry, now);
    }
    for (const [id, { look }] of this.#seen) if (look !== this.#looks) this.#seen.delete(id);
    if (now - this.#nodesSeenAt >= LOOK_AT_NODES) this.#lookAtNodes(observed, now);
  }

  /** What is new on a node is compared with what was there before: its Consul agent may be found lost only after it came. */
  #followOne({ instance, nodeName, nodeAddress }: ObservedEntry, now: number): void {
    const before = this.#seen.get(instance.id)?.address ?? this.#nodes.get(nodeName)?.address;
    const isKnown = before?.address === nodeAddress;
    const address = isKnown ? before : { address: nodeAddress, changedAt: before && now };
    this.#seen.set(instance.id, { address, look: this.#looks });
    this.#nodes.set(nodeName, { address, seenAt: now });
  }

  #lookAtNodes(observed: readonly ObservedEntry[], now: number): void {
    this.#nodesSeenAt = now;
    for (const { nodeName } of observed) {
      const node = this.#nodes.get(nodeName);
      if (node !== undefined) node.seenAt = now;
    }
    for (const [name, { seenAt }] of this.#nodes)
      if (now - seenAt > REMEMBER_NODE) this.#nodes.delete(name);
  }

  /** The instances on lost nodes that may be as is said of them. */
  #findDoubts(observed: readonly ObservedEntry[], now: number): ReadonlyMap<string, Doubt> {
    const doubts = new Map<string, Doubt>();
    const saidOfLost = new Map<string, ObservedEntry["health"]>();
    for (const entry of observed) {
      if (!entry.nodeLost) continue;
      const { id } = entry.instance;
      saidOfLost.set(id, entry.health);
      const doubt = this.#doubtOf(entry, now);
      if (doubt !== undefined && now < doubt.until) doubts.set(id, doubt);
    }
    this.#saidOfLost = saidOfLost;
    this.#hasLooked = true;
    return doubts;
  }

  /** Undefined where nothing speaks for the instance: it was not well just before, and is not since. */
  #doubtOf(entry: ObservedEntry, now: number): Doubt | undefined {
    const { id } = entry.instance;
    const known = this.#doubts.get(id);
    const before = this.#believed.get(id)?.health ?? "critical";
    const isNews = known?.isNews === true || this.#isNews(entry);
    const since = known?.since ?? (before === "critical" && !isNews ? undefined : now);
    if (since === undefined) return undefined;
    const { changedAt } = this.#seen.get(id)?.address ?? {};
    const isBack = isNews || (changedAt !== undefined && changedAt > since - BELIEVED_BACK_WITHIN);
    return { since, isNews, until: since + (isBack ? BELIEVED_BACK_WITHIN : RESTARTS_WITHIN) };
  }

  /** Whether the instance on a lost node is well, and was not there or not well before. */
  #isNews({ instance: { id }, health }: ObservedEntry): boolean {
    if (health === "critical" || !this.#hasLooked) return false;
    return !this.#believed.has(id) || this.#saidOfLost.get(id) === "critical";
  }
}
