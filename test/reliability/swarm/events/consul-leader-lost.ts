import { setTimeout as pause } from "node:timers/promises";
import type { ReliabilityEvent } from "../../event.ts";
import type { SwarmStage } from "../swarm-stage.ts";

export const consulLeaderLost: ReliabilityEvent<SwarmStage> = {
  name: "consul-leader-lost",
  title: "the Consul leader is lost",
  tolerance: undefined,
  happen: async (stage) => {
    for (const { node, container } of await stage.tasks("mesh_consul-server")) {
      const info = await node.docker(["exec", container, "consul", "info"]);
      if (!/^\s*leader = true$/m.test(info)) continue;
      await node.docker(["kill", "--signal", "KILL", container]);
      return await pause(10_000);
    }
    throw new Error("expected one of the Consul servers to lead");
  },
};
