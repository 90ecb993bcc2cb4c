// The labels of Swarm's services as this node knows them from the catalog, and which of them a container has.
import type { SwarmService, SwarmServicesView } from "../../registry/swarm-services.ts";
import { SWARM_SERVICE_ID } from "../docker/swarm-facts.ts";
import type { Problem } from "../status.ts";

export class ServiceLabels {
  readonly #onChange: () => void;
  #view: SwarmServicesView | undefined;
  /** Services that have vanished from the catalog, as they were there last. */
  #vanished: ReadonlyMap<string, SwarmService> = new Map();
  #listed = false;

  /** `onChange` is called whenever a container's labels may be others, or known at last. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** What is recorded, by service id; undefined while nothing has been heard of the catalog. */
  get recorded(): ReadonlyMap<string, SwarmService> | undefined {
    return this.#view?.services;
  }

  /**
   * A service that loses its labels keeps an entry. One whose entry is gone was removed, and its tasks end by themselves;
   * or the catalog has lost its data, and managers record it anew: its tasks must not leave the mesh meanwhile.
   */
  setView(view: SwarmServicesView): void {
    const before = [...this.#vanished, ...(this.#view?.services ?? [])];
    this.#vanished = new Map(before.filter(([id]) => !view.services.has(id)));
    this.#view = view;
    this.#onChange();
  }

  /** Takes note that all that this node could add is recorded: on a manager its listing, on others nothing. */
  setListed(): void {
    if (this.#listed) return;
    this.#listed = true;
    this.#onChange();
  }

  /**
   * Whether enough is known to tell what a container's labels are. The catalog in memory is empty at an agent's start:
   * before the first listing, tasks would seem to have lost the labels of their services.
   */
  isKnown(containerLabels: Readonly<Record<string, string>>): boolean {
    if (containerLabels[SWARM_SERVICE_ID] === undefined) return true;
    return this.#view !== undefined && (this.#listed || this.#view.services.size > 0);
  }

  /** The labelled service of which the container is a task. */
  of(containerLabels: Readonly<Record<string, string>>): SwarmService | undefined {
    const id = containerLabels[SWARM_SERVICE_ID] ?? "";
    return this.#view?.services.get(id) ?? this.#vanished.get(id);
  }

  /** Forgets services that have vanished and have no task among these containers. */
  forgetWithout(
    containers: readonly { readonly labels: Readonly<Record<string, string>> }[],
  ): void {
    if (this.#vanished.size === 0) return;
    const needed = new Set(containers.map(({ labels }) => labels[SWARM_SERVICE_ID]));
    this.#vanished = new Map([...this.#vanished].filter(([id]) => needed.has(id)));
  }

  get problems(): readonly Problem[] {
    const problems = this.#view?.problems ?? [];
    return problems.map((message) => ({
      ...{ subject: "swarm", code: "CATALOG_REFUSED" },
      message: `${message}; what was known before stays in force`,
    }));
  }
}
