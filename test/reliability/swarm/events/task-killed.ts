import type { ReliabilityEvent } from "../../event.ts";
import { ANSWER, type SwarmStage, WORKER } from "../swarm-stage.ts";

export const taskKilled: ReliabilityEvent<SwarmStage> = {
  name: "task-killed",
  title: "a task is killed",
  tolerance: 0,
  happen: async (stage, harm) => {
    const { node, container } = await stage.taskOn(WORKER, ANSWER);
    harm();
    await node.docker(["kill", "--signal", "KILL", container]);
    harm();
  },
};
