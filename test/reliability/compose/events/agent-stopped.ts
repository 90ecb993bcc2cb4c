import { setTimeout as pause } from "node:timers/promises";
import type { ReliabilityEvent } from "../../event.ts";
import type { ComposeStage } from "../compose-stage.ts";

export const agentStopped: ReliabilityEvent<ComposeStage> = {
  name: "agent-stopped",
  title: "the agent is stopped, for 10 s",
  tolerance: undefined,
  happen: async (stage) => {
    await stage.mesh.compose("stop", "agent");
    await pause(10_000);
    await stage.mesh.compose("start", "agent");
  },
};
