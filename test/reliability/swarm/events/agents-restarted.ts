import type { ReliabilityEvent } from "../../event.ts";
import type { SwarmStage } from "../swarm-stage.ts";

export const agentsRestarted: ReliabilityEvent<SwarmStage> = {
  name: "agents-restarted",
  title: "the agents are restarted, one after the other",
  tolerance: undefined,
  happen: async (stage) => await stage.update("mesh_agent", "--force"),
};
