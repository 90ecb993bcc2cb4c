// What happens on one machine, in the order of the table.
import type { ReliabilityEvent } from "../event.ts";
import type { ComposeStage } from "./compose-stage.ts";
import { agentRestarted } from "./events/agent-restarted.ts";
import { agentStopped } from "./events/agent-stopped.ts";
import { calleeSidecarKilled } from "./events/callee-sidecar-killed.ts";
import { callerSidecarKilled } from "./events/caller-sidecar-killed.ts";
import { clockMoved } from "./events/clock-moved.ts";
import { consulGone } from "./events/consul-gone.ts";
import { consulGoneReplicaKilled } from "./events/consul-gone-replica-killed.ts";
import { consulRestarted } from "./events/consul-restarted.ts";
import { nothing } from "./events/nothing.ts";
import { replicaKilled } from "./events/replica-killed.ts";
import { replicaRestart } from "./events/replica-restart.ts";
import { rollingRecreation } from "./events/rolling-recreation.ts";
import { rootReplaced } from "./events/root-replaced.ts";
import { scale } from "./events/scale.ts";
import { sidecarsUpgraded } from "./events/sidecars-upgraded.ts";

export const COMPOSE_EVENTS: readonly ReliabilityEvent<ComposeStage>[] = [
  nothing,
  rollingRecreation,
  scale,
  replicaRestart,
  replicaKilled,
  calleeSidecarKilled,
  callerSidecarKilled,
  agentStopped,
  agentRestarted,
  sidecarsUpgraded,
  consulRestarted,
  consulGone,
  consulGoneReplicaKilled,
  rootReplaced,
  clockMoved,
];
