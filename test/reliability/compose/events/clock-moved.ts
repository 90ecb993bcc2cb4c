// One side's clock is set: the agent's and the callers' sidecar's, while the callees' and Consul's stay right. It takes a mesh
// that can do that, so all sidecars are replaced twice besides.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { docker, provided } from "../../../helpers/docker.ts";
import { eventually } from "../../../helpers/eventually.ts";
import { buildMovableClock, clockError, moveClock } from "../../../helpers/moved-clock.ts";
import type { ReliabilityEvent } from "../../event.ts";
import type { ComposeStage } from "../compose-stage.ts";

const IMAGE = "docker-mesh/mesh:movable-clock";
const SETS = [300, -300, 0];

export const clockMoved: ReliabilityEvent<ComposeStage> = {
  name: "clock-moved",
  title: "the callers' clock is set 5 min ahead, then 5 min behind",
  tolerance: undefined,
  happen: async (stage) => {
    await buildMovableClock(IMAGE);
    await upgrade(stage, IMAGE);
    const [caller] = await stage.project.containersOf("ask");
    const host = await docker("inspect", "--format", "{{.Config.Hostname}}", String(caller));
    for (const seconds of SETS) {
      await moveClock(stage.mesh, [host], seconds);
      const sidecar = await stage.sidecar("ask");
      await eventually(async () => {
        assert.ok(Math.abs((await clockError(sidecar)) - seconds) < 10);
      });
      await pause(2_000);
    }
    await upgrade(stage, provided("MESH_IMAGE"));
    await docker("rmi", IMAGE);
  },
};

async function upgrade(stage: ComposeStage, image: string): Promise<void> {
  const old = new Set(await stage.sidecars());
  await stage.mesh.upgrade({ MESH_IMAGE: image });
  await eventually(
    async () => {
      const now = await stage.sidecars();
      assert.ok(now.length === old.size && old.isDisjointFrom(new Set(now)));
    },
    { timeout: 120_000, interval: 250 },
  );
}
