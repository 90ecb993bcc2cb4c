// Swarms with several managers: what needs a leader goes on when the leader's machine is lost.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { Swarm } from "../../scripts/swarm/swarm.ts";
import { eventually } from "../helpers/eventually.ts";
import { startTestSwarm } from "../helpers/swarm.ts";

const ELECTED = { timeout: 60_000, interval: 500 };

describe("a swarm with three managers", () => {
  let swarm: Swarm;

  before(async () => {
    swarm = await startTestSwarm({ nodes: 3, managers: 3, images: [] });
  });

  after(async () => await swarm.remove());

  async function managers(): Promise<readonly string[]> {
    const format = "{{.Hostname}} {{.ManagerStatus}}";
    const nodes = await swarm.docker(["node", "ls", "--format", format]);
    return nodes.split("\n").toSorted();
  }

  it("is led by its first node", async () => {
    assert.deepEqual(await managers(), ["node-1 Leader", "node-2 Reachable", "node-3 Reachable"]);
  });

  it("elects another leader when that is lost, and takes it back as a manager", async () => {
    await swarm.node("node-1").kill();
    assert.equal((await swarm.manager()).name, "node-2");
    const lost = await eventually(async () => {
      const found = await managers();
      assert.ok(found.includes("node-1 Unreachable"));
      return found;
    }, ELECTED);
    assert.equal(lost.filter((line) => / Leader$/.test(line)).length, 1);
    await swarm.node("node-1").start();
    await eventually(async () => {
      assert.ok((await managers()).includes("node-1 Reachable"));
    }, ELECTED);
  });
});
