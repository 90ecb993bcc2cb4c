// The labels of Swarm's services as this node knows them from the catalog, and which of them a container has.
import type { SwarmService, SwarmServicesView } from "../../registry/swarm-services.ts";
import { SWARM_SERVICE_ID } from "../docker/swarm-facts.ts";
import type { Problem } from "../status.ts";

export class ServiceLabels {
  readonly #onChange: () => void;
  #view: SwarmServicesView | undefined;
  #listed = false;

  /** `onChange` is called whenever a container's labels may be others, or known at last. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** What is recorded, by service id; undefined while nothing has been heard of the catalog. */
  get recorded(): ReadonlyMap<string, SwarmService> | undefined {
    return this.#view?.services;
  }

  setView(view: SwarmServicesView): void {
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
    return this.#view?.services.get(containerLabels[SWARM_SERVICE_ID] ?? "");
  }

  get problems(): readonly Problem[] {
    const problems = this.#view?.problems ?? [];
    return problems.map((message) => ({
      ...{ subject: "swarm", code: "CATALOG_REFUSED" },
      message: `${message}; what was known before stays in force`,
    }));
  }
}
