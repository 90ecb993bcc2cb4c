import { docker } from "../../../helpers/docker.ts";
import type { ReliabilityEvent } from "../../event.ts";
import type { ComposeStage } from "../compose-stage.ts";

export const calleeSidecarKilled: ReliabilityEvent<ComposeStage> = {
  name: "callee-sidecar-killed",
  title: "the sidecar of a replica is killed",
  tolerance: 0,
  happen: async (stage, harm) => {
    const sidecar = await stage.sidecar("answer");
    harm();
    await docker("kill", "--signal", "KILL", sidecar);
    harm();
  },
};
