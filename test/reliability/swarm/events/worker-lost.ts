import type { ReliabilityEvent } from "../../event.ts";
import { REPLICAS, type SwarmStage, WORKER } from "../swarm-stage.ts";

export const workerLost: ReliabilityEvent<SwarmStage> = {
  name: "worker-lost",
  title: "a worker is lost for good",
  tolerance: 1_000,
  happen: async (stage, harm) => {
    const lost = stage.swarm.node(WORKER).kill();
    harm();
    await lost;
    await stage.untilCalled(REPLICAS);
  },
};
