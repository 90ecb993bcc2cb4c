// What the load says of a quiet mesh: what is worse beside it came from the event.
import { setTimeout as pause } from "node:timers/promises";
import type { ReliabilityEvent } from "../../event.ts";
import type { SwarmStage } from "../swarm-stage.ts";

export const nothing: ReliabilityEvent<SwarmStage> = {
  name: "nothing",
  title: "nothing happens",
  tolerance: undefined,
  happen: async () => await pause(5_000),
};
