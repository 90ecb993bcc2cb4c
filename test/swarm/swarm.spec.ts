// The swarms that other specs run on: real engines that find each other, and everything that can befall their nodes.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { SwarmNode } from "../../scripts/swarm/node.ts";
import type { Swarm } from "../../scripts/swarm/swarm.ts";
import { provided } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { startTestSwarm, TEST_SITE } from "../helpers/swarm.ts";

const NETWORK = "mesh-test-web";
const ANSWER = "hello from node-1";
const TOOLS = provided("MESH_TEST_TOOLS_IMAGE");
/** Of the processor, in either version of cgroups. */
const STATISTICS = `cat /sys/fs/cgroup/*/${TEST_SITE.name}/node-3/cpu.stat /sys/fs/cgroup/${TEST_SITE.name}/node-3/cpu.stat 2>/dev/null`;
/** A lost node is told from a slow one by three heartbeats of 5 s. */
const NOTICED = { timeout: 60_000, interval: 500 };

describe("a swarm on this machine", () => {
  let swarm: Swarm;
  let first: SwarmNode;
  let second: SwarmNode;
  let third: SwarmNode;

  before(async () => {
    const labels = { "node-2": { zone: "b", disk: "fast" } };
    swarm = await startTestSwarm({ nodes: 3, images: [TOOLS], labels });
    [first, second, third] = [swarm.node("node-1"), swarm.node("node-2"), swarm.node("node-3")];
    await swarm.docker(["network", "create", "--driver", "overlay", "--attachable", NETWORK]);
    const serve = `echo '${ANSWER}' >/tmp/index.html; exec busybox httpd -f -p 80 -h /tmp`;
    await first.docker([
      ...["run", "--detach", "--name", "server", "--network", NETWORK, TOOLS],
      ...["sh", "-c", serve],
    ]);
    await caller(second);
    await caller(third);
  });

  after(async () => await swarm.remove());

  async function caller(node: SwarmNode): Promise<void> {
    await node.docker([
      ...["run", "--detach", "--name", "caller", "--stop-signal", "KILL"],
      ...["--network", NETWORK, TOOLS],
      ...["sleep", "86400"],
    ]);
  }

  async function call(node: SwarmNode): Promise<string> {
    const curl = ["curl", "--silent", "--show-error", "--max-time", "2", "http://server/"];
    return await node.docker(["exec", "caller", ...curl]);
  }

  async function statusOf(node: SwarmNode): Promise<string> {
    return await swarm.docker(["node", "inspect", "--format", "{{.Status.State}}", node.name]);
  }

  it("has managers first, then workers, under their names", async () => {
    const format = "{{.Hostname}} {{.Status}} {{.ManagerStatus}}";
    const nodes = await swarm.docker(["node", "ls", "--format", format]);
    const lines = nodes.split("\n").map((line) => line.trim());
    assert.deepEqual(lines.toSorted(), ["node-1 Ready Leader", "node-2 Ready", "node-3 Ready"]);
    const roles = swarm.nodes.map(({ name, role }) => `${name} ${role}`);
    assert.deepEqual(roles, ["node-1 manager", "node-2 worker", "node-3 worker"]);
  });

  it("has the labels that were asked for", async () => {
    const format = "{{json .Spec.Labels}}";
    const labels = await swarm.docker(["node", "inspect", "--format", format, "node-2"]);
    assert.deepEqual(JSON.parse(labels), { zone: "b", disk: "fast" });
  });

  it("carries requests over an overlay network from node to node", async () => {
    assert.equal(await call(second), ANSWER);
    assert.equal(await call(third), ANSWER);
  });

  it("gives a container that mounts /var/run/docker.sock the engine of its own node", async () => {
    for (const node of swarm.nodes) {
      const info = await node.docker([
        ...["run", "--rm", "--volume", "/var/run/docker.sock:/engine.sock", TOOLS],
        ...["curl", "--silent", "--unix-socket", "/engine.sock", "http://engine/info"],
      ]);
      assert.equal((JSON.parse(info) as { Name: string }).Name, node.name);
    }
  });

  it("runs a service's tasks on all nodes, reached from the host by each node's address", async () => {
    const serve = "hostname >/tmp/index.html; exec busybox httpd -f -p 80 -h /tmp";
    await swarm.docker([
      ...["service", "create", "--detach", "--name", "echo", "--mode", "global"],
      ...["--network", NETWORK, "--endpoint-mode", "dnsrr", "--hostname", "{{.Node.Hostname}}"],
      ...["--publish", "mode=host,target=80,published=8080", TOOLS, "sh", "-c", serve],
    ]);
    for (const { name, address } of swarm.nodes) {
      const answer = async (): Promise<string> => {
        const response = await fetch(`http://${address}:8080/`);
        return (await response.text()).trim();
      };
      assert.equal(await eventually(answer, { timeout: 30_000 }), name);
    }
    await swarm.docker(["service", "rm", "echo"]);
  });

  it("runs a program inside a node", async () => {
    const { stdout } = await second.run(["sh", "-c", "hostname; ip -4 -o address show dev eth0"]);
    assert.match(stdout, /^node-2\n/);
    assert.ok(stdout.includes(` ${second.address}/`), stdout);
    assert.equal((await second.run(["false"])).code, 1);
  });

  it("cuts a node off without a word, and heals it", async () => {
    await second.cutOff();
    assert.equal(await second.isConnected(), false);
    await assert.rejects(call(second), /exited with 28/);
    assert.equal(await call(third), ANSWER);
    await second.heal();
    assert.equal(await eventually(async () => await call(second), NOTICED), ANSWER);
    assert.equal(await second.isConnected(), true);
  });

  it("limits the processor time of a node, and lifts the limit", async () => {
    const throttled = async (): Promise<number> => {
      const busy = "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done";
      const { stdout } = await third.run(["sh", "-c", `${busy}; ${STATISTICS}`]);
      return Number(/^nr_throttled (\d+)$/m.exec(stdout)?.[1]);
    };
    await third.limitProcessors(0.1);
    assert.ok((await throttled()) > 0);
    await third.limitProcessors(undefined);
    const before = await throttled();
    assert.equal(await throttled(), before);
  });

  it("delays a node's packets where the kernel can, and says so where it cannot", async () => {
    const outcome = await second.delay(100).then(
      () => "delayed",
      (error: Error) => error.message,
    );
    if (outcome === "delayed") {
      const { stdout } = await second.run(["ping", "-c", "1", first.address]);
      await second.delay(0);
      assert.match(stdout, /time=1\d\d/);
    } else {
      assert.match(outcome, /expected the kernel to have netem/);
    }
  });

  it("restarts an engine, which joins again", async () => {
    const before = await second.docker(["info", "--format", "{{.ID}}"]);
    await second.restartEngine();
    await eventually(async () => assert.equal(await statusOf(second), "ready"), NOTICED);
    assert.equal(await second.docker(["info", "--format", "{{.ID}}"]), before);
    await second.docker(["start", "caller"]);
    assert.equal(await eventually(async () => await call(second), NOTICED), ANSWER);
  });

  it("crashes an engine alone: its containers run on", async () => {
    const pid = await third.docker(["inspect", "--format", "{{.State.Pid}}", "caller"]);
    await third.crashEngine();
    await assert.rejects(third.docker(["version"]));
    assert.equal((await third.run(["cat", `/proc/${pid}/comm`])).stdout, "sleep\n");
    await third.startEngine();
    await eventually(async () => assert.equal(await statusOf(third), "ready"), NOTICED);
  });

  it("loses a machine, which the swarm notices, and takes it back", async () => {
    await third.kill();
    assert.equal(await third.isOn(), false);
    await assert.rejects(third.docker(["version"]));
    await eventually(async () => assert.equal(await statusOf(third), "down"), NOTICED);
    await third.start();
    await eventually(async () => assert.equal(await statusOf(third), "ready"), NOTICED);
    await third.docker(["start", "caller"]);
    assert.equal(await eventually(async () => await call(third), NOTICED), ANSWER);
  });
});
