// What a swarm leaves on the machine: nothing, whether it was taken down or the run that started it was killed.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, before, beforeEach, describe, it } from "mocha";
import { removeSwarm } from "../../scripts/swarm/swarm.ts";
import { provided } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { hostTraces } from "../helpers/host-traces.ts";
import { startTestSwarm, TEST_SITE } from "../helpers/swarm.ts";

const HELPER = new URL("../helpers/swarm.ts", import.meta.url).href;
/** A test run in a process of its own, which never takes its swarm down. */
const RUN = `
const { startTestSwarm } = await import(${JSON.stringify(HELPER)});
await startTestSwarm({ nodes: 2, images: [] });
console.log("up");
setInterval(() => {}, 60_000);
`;

describe("what a swarm leaves", () => {
  let untouched: readonly string[];
  let other: ChildProcess | undefined;

  before(async () => await removeSwarm(TEST_SITE));

  beforeEach(async () => {
    untouched = await hostTraces(TEST_SITE.directory);
  });

  afterEach(async () => {
    other?.kill("SIGKILL");
    await removeSwarm(TEST_SITE);
  });

  /** The kernel takes a network away a moment after its last process. */
  async function assertNothingLeft(): Promise<void> {
    await eventually(async () => {
      assert.deepEqual(await hostTraces(TEST_SITE.directory), untouched);
    });
  }

  function startOther(): ChildProcess {
    other = spawn(process.execPath, ["--input-type=module", "--eval", RUN], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    return other;
  }

  async function end(child: ChildProcess): Promise<void> {
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  it("is nothing after it was taken down with containers and networks", async () => {
    const tools = provided("MESH_TEST_TOOLS_IMAGE");
    const swarm = await startTestSwarm({ nodes: 2, images: [tools] });
    await swarm.docker(["network", "create", "--driver", "overlay", "--attachable", "web"]);
    for (const node of swarm.nodes) {
      await node.docker(["run", "--detach", "--network", "web", tools, "sleep", "86400"]);
    }
    assert.notDeepEqual(await hostTraces(TEST_SITE.directory), untouched);
    await swarm.remove();
    await assertNothingLeft();
  });

  it("is nothing after a machine was lost or cut off", async () => {
    const swarm = await startTestSwarm({ nodes: 2, images: [] });
    await swarm.node("node-1").cutOff();
    await swarm.node("node-2").kill();
    await swarm.remove();
    await assertNothingLeft();
  });

  it("is kept while the run that has it goes on, and replaced once that was killed", async () => {
    const child = startOther();
    assert.ok(child.stdout !== null);
    await once(child.stdout, "data");
    const refusal = new RegExp(`process ${child.pid} has one`);
    await assert.rejects(startTestSwarm({ nodes: 1, images: [] }), refusal);
    await end(child);
    const swarm = await startTestSwarm({ nodes: 1, images: [] });
    assert.equal(await swarm.docker(["node", "ls", "--format", "{{.Hostname}}"]), "node-1");
    await swarm.remove();
    await assertNothingLeft();
  });

  it("is nothing after a run that was killed half way through its start", async () => {
    const child = startOther();
    await eventually(
      async () => {
        const traces = await hostTraces(TEST_SITE.directory);
        assert.ok(traces.some((trace) => /^process unshare .*\/node-1 node-1$/s.test(trace)));
      },
      { timeout: 30_000 },
    );
    await end(child);
    await removeSwarm(TEST_SITE);
    await assertNothingLeft();
  });

  it("is nothing after a start that failed", async () => {
    const start = startTestSwarm({ nodes: 2, images: ["docker-mesh/no-such-image"] });
    await assert.rejects(start, /no-such-image/);
    await assertNothingLeft();
  });

  it("refuses numbers of nodes and managers that make no swarm", async () => {
    for (const [nodes, managers] of [
      [0, 1],
      [1.5, 1],
      [21, 1],
      [3, 2],
      [2, 3],
    ] as const) {
      const start = startTestSwarm({ nodes, managers, images: [] });
      await assert.rejects(start, /expected 1 to 20 nodes, an odd number of them managers/);
    }
  });
});
