// The only way of its calls is gone until there is another one.
import { docker } from "../../../helpers/docker.ts";
import type { ReliabilityEvent } from "../../event.ts";
import type { ComposeStage } from "../compose-stage.ts";

export const callerSidecarKilled: ReliabilityEvent<ComposeStage> = {
  name: "caller-sidecar-killed",
  title: "the sidecar of the caller is killed",
  tolerance: 1_000,
  happen: async (stage, harm) => {
    const sidecar = await stage.sidecar("ask");
    harm();
    await docker("kill", "--signal", "KILL", sidecar);
    harm();
  },
};
