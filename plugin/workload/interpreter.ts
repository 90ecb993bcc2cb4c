// All running containers as workloads, by their own labels and those of their services. A service's labels change while its
// tasks run: where they become wrong, a task stays as it was; where they are not known yet, nothing is done to it.
import type { ContainerFacts } from "../docker/container-facts.ts";
import type { Problem } from "../status.ts";
import type { ServiceLabels } from "../swarm/service-labels.ts";
import { effectiveLabels, understand } from "./understand.ts";
import type { Workload } from "./workload.ts";

export interface UnderstoodWorkload {
  readonly facts: ContainerFacts;
  readonly workload: Workload;
}

export interface Interpretation {
  readonly understood: readonly UnderstoodWorkload[];
  /** Ids of containers that are to be left as they are: sidecar, redirection and registration stay, nothing is added. */
  readonly undecided: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

/** The labels with which one start of a container was a workload last. */
interface Good {
  readonly startedAt: string;
  readonly labels: Readonly<Record<string, string>>;
}

export class Interpreter {
  readonly #services: ServiceLabels;
  #good: ReadonlyMap<string, Good> = new Map();
  #leaving: () => boolean = () => false;

  constructor(services: ServiceLabels) {
    this.#services = services;
  }

  /** No container is a workload as long as that is true, whatever its labels say: all of them leave the mesh. */
  leave(isWanted: () => boolean): void {
    this.#leaving = isWanted;
  }

  /** `served` are the ids of the containers that have a sidecar. */
  interpret(containers: readonly ContainerFacts[], served: ReadonlySet<string>): Interpretation {
    if (this.#leaving()) return { understood: [], undecided: new Set(), problems: [] };
    const understood: UnderstoodWorkload[] = [];
    const undecided = new Set<string>();
    const problems: Problem[] = [...this.#services.problems];
    const good = new Map<string, Good>();
    for (const facts of containers) {
      const found = this.#interpretOne(facts, served.has(facts.id));
      problems.push(...found.problems);
      if (found.isUndecided) undecided.add(facts.id);
      if (found.workload !== undefined) understood.push({ facts, workload: found.workload });
      if (found.good !== undefined) good.set(facts.id, found.good);
    }
    this.#good = good;
    this.#services.forgetWithout(containers);
    if (containers.some(({ labels }) => !this.#services.isKnown(labels))) problems.push(UNKNOWN);
    return { understood, undecided, problems };
  }

  #interpretOne(facts: ContainerFacts, isServed: boolean): Found {
    if (!this.#services.isKnown(facts.labels)) return { ...NOTHING, isUndecided: true };
    const service = this.#services.of(facts.labels);
    const { workload, problems } = understand(facts, service);
    const labels = effectiveLabels(facts, service);
    const { startedAt } = facts;
    if (workload !== undefined) return { ...NOTHING, workload, good: { startedAt, labels } };
    if (problems.length === 0 || service === undefined) return { ...NOTHING, problems };
    const good = this.#good.get(facts.id);
    if (good?.startedAt !== startedAt) return { ...NOTHING, problems, isUndecided: isServed };
    // The labels of the service are among them.
    const before = understand({ ...facts, labels: good.labels });
    const stays = before.workload === undefined ? problems : problems.map(toldAsKept);
    return { ...NOTHING, workload: before.workload, problems: stays, good };
  }
}

interface Found {
  readonly workload: Workload | undefined;
  readonly problems: readonly Problem[];
  readonly isUndecided: boolean;
  readonly good: Good | undefined;
}

const NOTHING: Found = { workload: undefined, problems: [], isUndecided: false, good: undefined };

const UNKNOWN: Problem = {
  subject: "swarm",
  code: "CATALOG_UNAVAILABLE",
  message:
    "the labels of Swarm's services have not been read yet: tasks keep the sidecars that they have, new ones wait; they are read from the catalog, where the agents on managers put them",
};

function toldAsKept(problem: Problem): Problem {
  return { ...problem, message: `${problem.message}; until then the labels before stay in force` };
}
