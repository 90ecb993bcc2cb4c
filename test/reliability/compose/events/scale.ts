import type { ReliabilityEvent } from "../../event.ts";
import type { ComposeStage } from "../compose-stage.ts";

export const scale: ReliabilityEvent<ComposeStage> = {
  name: "scale",
  title: "scaled 2 → 6 → 2",
  tolerance: undefined,
  happen: async (stage) => {
    await stage.scale(6);
    await stage.scale(2);
  },
};
