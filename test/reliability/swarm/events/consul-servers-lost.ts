import { setTimeout as pause } from "node:timers/promises";
import type { ReliabilityEvent } from "../../event.ts";
import type { SwarmStage } from "../swarm-stage.ts";

const SERVERS = "mesh_consul-server";

export const consulServersLost: ReliabilityEvent<SwarmStage> = {
  name: "consul-servers-lost",
  title: "all Consul servers are away, for a minute",
  tolerance: undefined,
  happen: async (stage) => {
    await stage.scale(SERVERS, 0);
    await pause(60_000);
    await stage.scale(SERVERS, 3);
  },
};
