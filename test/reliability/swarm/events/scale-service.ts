import type { ReliabilityEvent } from "../../event.ts";
import { ANSWER, type SwarmStage } from "../swarm-stage.ts";

export const scaleService: ReliabilityEvent<SwarmStage> = {
  name: "scale-service",
  title: "scaled 4 → 2 → 6 → 2 → 4",
  tolerance: undefined,
  happen: async (stage) => {
    for (const replicas of [2, 6, 2]) {
      await stage.scale(ANSWER, replicas);
      await stage.untilCalled(replicas);
    }
  },
};
