import type { ReliabilityEvent } from "../../event.ts";
import type { ComposeStage } from "../compose-stage.ts";

export const agentRestarted: ReliabilityEvent<ComposeStage> = {
  name: "agent-restarted",
  title: "the agent is killed and starts again",
  tolerance: undefined,
  happen: async (stage) => {
    await stage.mesh.compose("kill", "agent");
    await stage.mesh.compose("start", "agent");
  },
};
