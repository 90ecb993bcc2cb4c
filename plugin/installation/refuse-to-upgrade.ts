// Where `docker mesh upgrade` has nothing to do or is not the way, and what is.
import { MeshError } from "../../mesh/errors.ts";
import { refuseOtherAgents } from "./installation.ts";
import type { Present } from "./present.ts";

/** Throws CONFIGURATION_INVALID on a swarm and where somebody else's agent is, AGENT_UNAVAILABLE where there is no mesh. */
export function refuseToUpgrade(present: Present, project: string, image: string): void {
  const stack = present.agents.find((agent) => agent.stack !== undefined)?.stack;
  if (stack !== undefined) {
    throw new MeshError(
      "CONFIGURATION_INVALID",
      `the mesh of this engine is the stack ${stack}, which Swarm upgrades, node by node: ` +
        `\`MESH_IMAGE=${image} docker mesh up --swarm\` on a manager; docs/upgrade.md says more`,
    );
  }
  refuseOtherAgents(present.agents, project);
  if (present.containers > 0) return;
  throw new MeshError(
    "AGENT_UNAVAILABLE",
    "there is no mesh on this engine: `docker mesh up` installs it",
  );
}
