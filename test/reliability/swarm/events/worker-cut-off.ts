// What is sent to it is lost without a word; the swarm starts other tasks meanwhile, and ends some when it is back.
import { setTimeout as pause } from "node:timers/promises";
import type { ReliabilityEvent } from "../../event.ts";
import { type SwarmStage, WORKER } from "../swarm-stage.ts";

export const workerCutOff: ReliabilityEvent<SwarmStage> = {
  name: "worker-cut-off",
  title: "a worker is cut off for 30 s, and back",
  tolerance: 1_000,
  happen: async (stage, harm) => {
    const worker = stage.swarm.node(WORKER);
    harm();
    await worker.cutOff();
    harm();
    await pause(30_000);
    await worker.heal();
  },
};
