import type { ReliabilityEvent } from "../../event.ts";
import type { SwarmStage } from "../swarm-stage.ts";

export const consulServersRestarted: ReliabilityEvent<SwarmStage> = {
  name: "consul-servers-restarted",
  title: "the Consul servers are restarted, one after the other",
  tolerance: undefined,
  happen: async (stage) => await stage.update("mesh_consul-server", "--force"),
};
