// A swarm has no live-restore: with the engine all tasks of its node end.
import type { ReliabilityEvent } from "../../event.ts";
import { type SwarmStage, WORKER } from "../swarm-stage.ts";

export const engineRestarted: ReliabilityEvent<SwarmStage> = {
  name: "engine-restarted",
  title: "the engine of a worker is restarted",
  tolerance: 1_000,
  happen: async (stage, harm) => {
    const worker = stage.swarm.node(WORKER);
    harm();
    await worker.stopEngine();
    harm();
    await worker.startEngine();
  },
};
