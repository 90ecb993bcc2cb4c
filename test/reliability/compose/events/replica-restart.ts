import { docker } from "../../../helpers/docker.ts";
import type { ReliabilityEvent } from "../../event.ts";
import type { ComposeStage } from "../compose-stage.ts";

export const replicaRestart: ReliabilityEvent<ComposeStage> = {
  name: "replica-restart",
  title: "a replica is restarted",
  tolerance: undefined,
  happen: async (stage) => {
    const [replica] = await stage.replicas();
    await docker("restart", String(replica));
  },
};
