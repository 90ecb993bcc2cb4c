// It cannot lead, nor its Consul server; its tasks run on, and nobody reaches them.
import { setTimeout as pause } from "node:timers/promises";
import type { ReliabilityEvent } from "../../event.ts";
import { MANAGER, type SwarmStage } from "../swarm-stage.ts";

export const managerCutOff: ReliabilityEvent<SwarmStage> = {
  name: "manager-cut-off",
  title: "a manager is cut off for 30 s, and back",
  tolerance: 1_000,
  happen: async (stage, harm) => {
    const manager = stage.swarm.node(MANAGER);
    harm();
    await manager.cutOff();
    harm();
    await pause(30_000);
    await manager.heal();
  },
};
