import { docker } from "../../../helpers/docker.ts";
import type { ReliabilityEvent } from "../../event.ts";
import type { ComposeStage } from "../compose-stage.ts";
import { REPLICAS } from "../compose-stage.ts";

export const replicaKilled: ReliabilityEvent<ComposeStage> = {
  name: "replica-killed",
  title: "a replica is killed",
  tolerance: 0,
  happen: async (stage, harm) => {
    const [replica] = await stage.replicas();
    harm();
    await docker("kill", "--signal", "KILL", String(replica));
    harm();
    await stage.untilReady(REPLICAS - 1);
  },
};
