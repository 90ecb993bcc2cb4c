import type { ReliabilityEvent } from "../../event.ts";
import { MANAGER, REPLICAS, type SwarmStage } from "../swarm-stage.ts";

export const managerLost: ReliabilityEvent<SwarmStage> = {
  name: "manager-lost",
  title: "a manager is lost for good, and its Consul server",
  tolerance: 1_000,
  happen: async (stage, harm) => {
    const lost = stage.swarm.node(MANAGER).kill();
    harm();
    await lost;
    await stage.untilCalled(REPLICAS);
  },
};
