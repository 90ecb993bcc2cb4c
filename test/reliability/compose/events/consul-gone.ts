import { setTimeout as pause } from "node:timers/promises";
import type { ReliabilityEvent } from "../../event.ts";
import type { ComposeStage } from "../compose-stage.ts";

export const consulGone: ReliabilityEvent<ComposeStage> = {
  name: "consul-gone",
  title: "Consul is gone for a minute",
  tolerance: undefined,
  happen: async (stage) => {
    await stage.mesh.compose("kill", "consul");
    await pause(60_000);
    await stage.mesh.compose("start", "consul");
  },
};
