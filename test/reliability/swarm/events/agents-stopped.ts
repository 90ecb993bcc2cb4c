// A constraint that no node meets takes the agent from all of them.
import { setTimeout as pause } from "node:timers/promises";
import type { ReliabilityEvent } from "../../event.ts";
import type { SwarmStage } from "../swarm-stage.ts";

const AGENT = "mesh_agent";
const NOWHERE = "node.hostname == nowhere";

export const agentsStopped: ReliabilityEvent<SwarmStage> = {
  name: "agents-stopped",
  title: "the agents of all nodes are stopped, for 10 s",
  tolerance: undefined,
  happen: async (stage) => {
    await stage.swarm.docker(["service", "update", "--detach", "--constraint-add", NOWHERE, AGENT]);
    await stage.untilRunning(AGENT, 0);
    await pause(10_000);
    await stage.update(AGENT, "--constraint-rm", NOWHERE);
  },
};
