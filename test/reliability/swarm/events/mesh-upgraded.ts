// The hand-over of docs/decisions/007: any difference in how sidecars are made does, here that of their log.
import assert from "node:assert/strict";
import { eventually } from "../../../helpers/eventually.ts";
import type { ReliabilityEvent } from "../../event.ts";
import type { SwarmStage } from "../swarm-stage.ts";

export const meshUpgraded: ReliabilityEvent<SwarmStage> = {
  name: "mesh-upgraded",
  title: "agents and all sidecars are replaced by another version",
  tolerance: undefined,
  happen: async (stage) => {
    const old = new Set(await stage.sidecars());
    await stage.update("mesh_agent", "--env-add", `MESH_LOG_LEVEL=${nextLevel()}`);
    await eventually(async () => assert.ok(old.isDisjointFrom(new Set(await stage.sidecars()))), {
      timeout: 120_000,
      interval: 1_000,
    });
  },
};

let turns = 0;

/** Never the one before; the mesh starts with info. */
function nextLevel(): string {
  turns += 1;
  return turns % 2 === 1 ? "debug" : "info";
}
