// Round robin: each pick starts one candidate further on, the others follow in order as second choices.
import type { Picker } from "./picker.ts";

/** Where the rotation stands; one per service and port, kept across snapshots so that a change favours nobody. */
export interface Rotation {
  position: number;
}

/** A picker over `candidates` that moves `rotation` on with each pick. */
export function roundRobin<T>(candidates: readonly T[], rotation: Rotation): Picker<T> {
  return {
    pick: () => {
      if (candidates.length < 2) return candidates;
      const start = rotation.position % candidates.length;
      rotation.position = start + 1;
      return [...candidates.slice(start), ...candidates.slice(0, start)];
    },
  };
}
