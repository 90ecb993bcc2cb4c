// What happens on a swarm, in the order of the table.
import type { ReliabilityEvent } from "../event.ts";
import { agentsRestarted } from "./events/agents-restarted.ts";
import { agentsStopped } from "./events/agents-stopped.ts";
import { calleeSidecarKilled } from "./events/callee-sidecar-killed.ts";
import { callerSidecarKilled } from "./events/caller-sidecar-killed.ts";
import { consulAgentsRestarted } from "./events/consul-agents-restarted.ts";
import { consulLeaderLost } from "./events/consul-leader-lost.ts";
import { consulServersLost } from "./events/consul-servers-lost.ts";
import { consulServersRestarted } from "./events/consul-servers-restarted.ts";
import { engineRestarted } from "./events/engine-restarted.ts";
import { managerCutOff } from "./events/manager-cut-off.ts";
import { managerLost } from "./events/manager-lost.ts";
import { meshUpgraded } from "./events/mesh-upgraded.ts";
import { nodeDrained } from "./events/node-drained.ts";
import { nothing } from "./events/nothing.ts";
import { scaleService } from "./events/scale-service.ts";
import { taskKilled } from "./events/task-killed.ts";
import { updateStartFirst } from "./events/update-start-first.ts";
import { updateStopFirst } from "./events/update-stop-first.ts";
import { workerCutOff } from "./events/worker-cut-off.ts";
import { workerLost } from "./events/worker-lost.ts";
import type { SwarmStage } from "./swarm-stage.ts";

export const SWARM_EVENTS: readonly ReliabilityEvent<SwarmStage>[] = [
  nothing,
  updateStartFirst,
  updateStopFirst,
  scaleService,
  nodeDrained,
  taskKilled,
  calleeSidecarKilled,
  callerSidecarKilled,
  agentsStopped,
  agentsRestarted,
  meshUpgraded,
  consulAgentsRestarted,
  consulServersRestarted,
  consulLeaderLost,
  consulServersLost,
  engineRestarted,
  workerCutOff,
  managerCutOff,
  workerLost,
  managerLost,
];
