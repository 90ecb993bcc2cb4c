import type { ReliabilityEvent } from "../../event.ts";
import type { SwarmStage } from "../swarm-stage.ts";

export const updateStopFirst: ReliabilityEvent<SwarmStage> = {
  name: "update-stop-first",
  title: "rolling update, stop-first",
  tolerance: undefined,
  happen: async (stage) => await stage.release("stop-first"),
};
