import { setTimeout as pause } from "node:timers/promises";
import { docker } from "../../../helpers/docker.ts";
import type { ReliabilityEvent } from "../../event.ts";
import type { ComposeStage } from "../compose-stage.ts";

export const consulGoneReplicaKilled: ReliabilityEvent<ComposeStage> = {
  name: "consul-gone-replica-killed",
  title: "Consul is gone for a minute, and a replica is killed meanwhile",
  tolerance: 0,
  happen: async (stage, harm) => {
    await stage.mesh.compose("kill", "consul");
    await pause(10_000);
    const [replica] = await stage.replicas();
    harm();
    await docker("kill", "--signal", "KILL", String(replica));
    harm();
    await pause(50_000);
    await stage.mesh.compose("start", "consul");
  },
};
