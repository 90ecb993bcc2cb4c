// What to believe when Consul suddenly knows less. A Consul that lost its state, or came back after an outage, truthfully
// answers with empty lists and expired checks; taking that at its word would cut every connection of the mesh.
//
// The rule: while answers follow on each other without a break, every loss is believed at once. After a break (a failed
// call, an index that went back) an instance that vanished stays as it was, and one that is critical only because nobody
// has spoken keeps its health, until Consul has answered for one time to live without another break. Every agent that is
// alive repeats its reports within that time, and thereby registers again what Consul lost; so what is missing or silent
// after it is gone. What this node itself deregistered is gone at once, and gains are always believed.
import type { CatalogEntry } from "../catalog.ts";

/** An entry as Consul gives it. */
export interface ObservedEntry extends CatalogEntry {
  /** True when it is critical only because nobody has spoken. */
  readonly silent: boolean;
}

/** Holds what is believed. Times are monotonic, ms. */
export class LossGuard {
  readonly #confirmAfter: number;
  #believed: ReadonlyMap<string, CatalogEntry> = new Map();
  #broken = false;
  #confirmedAt: number | undefined;

  /** Losses after a break are believed after `confirmAfter` ms of answers. */
  constructor(confirmAfter: number) {
    this.#confirmAfter = confirmAfter;
  }

  /** When {@link believe} should be asked again though nothing changed; undefined for never. */
  get confirmedAt(): number | undefined {
    return this.#confirmedAt;
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
    for (const { instance, health, silent } of observed) {
      const before = this.#broken && silent ? this.#believed.get(instance.id)?.health : undefined;
      believed.set(instance.id, { instance, health: before ?? health });
    }
    const entries = [...believed.values()].filter(({ instance }) => !deregistered(instance.id));
    this.#believed = new Map(entries.map((entry) => [entry.instance.id, entry]));
    return entries.toSorted((a, b) => (a.instance.id < b.instance.id ? -1 : 1));
  }
}
