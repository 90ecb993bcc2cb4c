// The only way of its calls is gone until there is another one.
import type { ReliabilityEvent } from "../../event.ts";
import { ASK, QUIET, type SwarmStage } from "../swarm-stage.ts";

export const callerSidecarKilled: ReliabilityEvent<SwarmStage> = {
  name: "caller-sidecar-killed",
  title: "the sidecar of the caller is killed",
  tolerance: 1_000,
  happen: async (stage, harm) => {
    const task = await stage.taskOn(QUIET, ASK);
    const sidecar = await stage.sidecarOf(task);
    harm();
    await task.node.docker(["kill", "--signal", "KILL", sidecar]);
    harm();
  },
};
