// When an agent goes that was told to. It may have been told together with the workloads of its node: the node is drained,
// or the machine shuts down. Callers on other nodes hear of that from this agent or from nobody, so it goes last.
import type { Clock } from "../mesh/clock.ts";

/** What is stopped together with the agent has got its own signal within this time, ms. */
const TOGETHER = 500;
/** Docker kills an agent that is still there after 10 s, ms. */
const LONGEST = 7_000;
const LOOK_EVERY = 50;

export interface Departures {
  /** Whether there are any workloads. */
  readonly possible: boolean;
  /** Whether one is being stopped, or is gone and its sidecar or its entry in the catalog is not. */
  readonly underWay: boolean;
}

/** Resolves when an agent may go that has just been told to. Rejects when the signal aborts. */
export async function outlast(
  departures: () => Departures,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (!departures().possible) return;
  const told = clock.monotonic();
  await clock.sleep(TOGETHER, signal);
  while (departures().underWay && clock.monotonic() - told < LONGEST) {
    await clock.sleep(LOOK_EVERY, signal);
  }
}
