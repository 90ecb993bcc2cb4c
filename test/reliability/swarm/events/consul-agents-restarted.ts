import type { ReliabilityEvent } from "../../event.ts";
import type { SwarmStage } from "../swarm-stage.ts";

export const consulAgentsRestarted: ReliabilityEvent<SwarmStage> = {
  name: "consul-agents-restarted",
  title: "the nodes' Consul agents are restarted, one after the other",
  tolerance: undefined,
  happen: async (stage) => await stage.update("mesh_consul", "--force"),
};
