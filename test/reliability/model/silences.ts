// When callers could be told of nothing, as their agent was away. Pure.
import type { Observations, SnapshotBreak, SnapshotSeen } from "./observations.ts";

/** From when to when, wall clock, ms. */
export interface Silence {
  readonly from: number;
  readonly to: number;
}

export function silencesOf(snapshots: Observations["snapshots"]): readonly Silence[] {
  return snapshots.flatMap((seen, position) => {
    if (!isBreak(seen)) return [];
    const next = snapshots.slice(position).find((later) => !isBreak(later));
    return [{ from: seen.at, to: next?.at ?? Number.POSITIVE_INFINITY }];
  });
}

/** When callers could first be told of what happened at that moment. */
export function tellableFrom(moment: number, silences: readonly Silence[]): number {
  return silences.find(({ from, to }) => from <= moment && moment < to)?.to ?? moment;
}

function isBreak(seen: SnapshotSeen | SnapshotBreak): seen is SnapshotBreak {
  return "broken" in seen;
}
