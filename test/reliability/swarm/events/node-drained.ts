// The agent, the node's Consul agent and the applications get their stop signals at the same moment.
import type { ReliabilityEvent } from "../../event.ts";
import { REPLICAS, type SwarmStage, WORKER } from "../swarm-stage.ts";

export const nodeDrained: ReliabilityEvent<SwarmStage> = {
  name: "node-drained",
  title: "a node is drained, and takes tasks again",
  tolerance: undefined,
  happen: async (stage) => {
    await stage.swarm.docker(["node", "update", "--availability", "drain", WORKER]);
    await stage.untilCalled(REPLICAS);
  },
};
