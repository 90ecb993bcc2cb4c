import type { ReliabilityEvent } from "../../event.ts";
import type { ComposeStage } from "../compose-stage.ts";
import { REPLICAS } from "../compose-stage.ts";

export const consulRestarted: ReliabilityEvent<ComposeStage> = {
  name: "consul-restarted",
  title: "Consul is restarted",
  tolerance: undefined,
  happen: async (stage) => {
    await stage.mesh.compose("restart", "consul");
    await stage.untilReady(REPLICAS);
  },
};
