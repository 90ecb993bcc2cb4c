import type { ReliabilityEvent } from "../../event.ts";
import type { SwarmStage } from "../swarm-stage.ts";

export const updateStartFirst: ReliabilityEvent<SwarmStage> = {
  name: "update-start-first",
  title: "rolling update, start-first",
  tolerance: undefined,
  happen: async (stage) => await stage.release("start-first"),
};
