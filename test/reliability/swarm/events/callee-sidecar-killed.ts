import type { ReliabilityEvent } from "../../event.ts";
import { ANSWER, type SwarmStage, WORKER } from "../swarm-stage.ts";

export const calleeSidecarKilled: ReliabilityEvent<SwarmStage> = {
  name: "callee-sidecar-killed",
  title: "the sidecar of a task is killed",
  tolerance: 0,
  happen: async (stage, harm) => {
    const task = await stage.taskOn(WORKER, ANSWER);
    const sidecar = await stage.sidecarOf(task);
    harm();
    await task.node.docker(["kill", "--signal", "KILL", sidecar]);
    harm();
  },
};
