// The applications of a node go on without the mesh, which is about to be removed: letting them, and how much is left to do.
import type { Clock } from "../mesh/clock.ts";
import type { ContainerFacts, SidecarFacts } from "./docker/container-facts.ts";
import type { ContainerRecord } from "./reconcile/container-record.ts";
import { isMarkOf } from "./reconcile/interception.ts";
import type { Observer } from "./reconcile/observer.ts";
import type { Reconciler } from "./reconcile/reconciler.ts";
import type { Interpreter } from "./workload/interpreter.ts";

/** Since somebody asked last, ms: what was to remove the agent has not, and the workloads come back. */
const LEAVE_FOR = 60_000;

export interface LeavingParts {
  readonly interpreter: Interpreter;
  readonly observer: Observer;
  readonly interceptions: ContainerRecord;
  readonly reconciler: Reconciler;
  readonly clock: Clock;
}

/** All workloads are to leave, for a minute from now. */
export function letAllLeave(parts: LeavingParts): Remainder {
  const { interpreter, observer, interceptions, reconciler, clock } = parts;
  const until = clock.monotonic() + LEAVE_FOR;
  interpreter.leave(() => clock.monotonic() < until);
  reconciler.trigger();
  // Those that stand in somebody's compose file stay there.
  const sidecars = observer.sidecars.filter(({ explicit }) => explicit === undefined);
  const { containers: running } = observer;
  const { stepsDue: steps } = reconciler;
  const { isListed } = observer;
  return remainder({ isListed, sidecars, running, intercepted: interceptions.known, steps });
}

export interface Leaving {
  /** Whether all containers are known; with an agent that has just started nothing is. */
  readonly isListed: boolean;
  readonly sidecars: readonly Pick<SidecarFacts, "id">[];
  readonly running: readonly Pick<ContainerFacts, "id" | "startedAt">[];
  /** Container id → mark of the redirection that its namespace has. */
  readonly intercepted: ReadonlyMap<string, string>;
  /** Those that were due at the last pass. */
  readonly steps: number;
}

/** What is left of the mesh. */
export interface Remainder {
  /** Containers that have a sidecar, or a redirection to one: with 0 applications go on without. */
  readonly attached: number;
  /** Steps, above all what the catalog is to be told, which may be away. */
  readonly due: number;
}

export function remainder(leaving: Leaving): Remainder {
  const { isListed, sidecars, running, intercepted, steps } = leaving;
  const redirected = running.filter(({ id, startedAt }) =>
    isMarkOf(intercepted.get(id), startedAt),
  );
  const attached = Math.max(sidecars.length, redirected.length);
  return { attached: isListed ? attached : Math.max(attached, 1), due: steps };
}
