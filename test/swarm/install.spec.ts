// The mesh of a swarm by `docker mesh` alone, without a file.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "mocha";
import { run } from "../../scripts/command.ts";
import type { SwarmNode } from "../../scripts/swarm/node.ts";
import type { Swarm } from "../../scripts/swarm/swarm.ts";
import { provided } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { echoService } from "../helpers/project.ts";
import { startTestSwarm } from "../helpers/swarm.ts";
import { SwarmStack } from "../helpers/swarm-mesh.ts";

const PLUGIN = fileURLToPath(new URL("../../plugin/cli.ts", import.meta.url));
const SIDECARS = ["ps", "--quiet", "--filter", "label=docker-mesh.role=sidecar"];
const LATER = { timeout: 60_000, interval: 500 };

describe("docker mesh up --swarm and down --swarm", function () {
  this.timeout(240_000);

  let swarm: Swarm;
  let manager: SwarmNode;
  let worker: SwarmNode;
  let shop: SwarmStack;

  before(async () => {
    swarm = await startTestSwarm({ nodes: 2 });
    manager = await swarm.manager();
    worker = swarm.nodes.find(({ role }) => role === "worker") as SwarmNode;
    const web = echoService(
      { "mesh.enable": "true" },
      { deploy: { mode: "global", endpoint_mode: "dnsrr" } },
    );
    shop = await SwarmStack.deploy(swarm, "shop", { web });
  });
  after(async () => await swarm?.remove());

  async function mesh(node: SwarmNode, ...parameters: readonly string[]): Promise<string> {
    const environment = {
      DOCKER_HOST: `unix://${node.socket}`,
      MESH_IMAGE: provided("MESH_IMAGE"),
      MESH_CONSUL_IMAGE: provided("MESH_CONSUL_IMAGE"),
      // A node's own, wherever its engine listens for the tests.
      MESH_DOCKER_SOCKET_DIRECTORY: "/var/run",
      MESH_DOCKER_SOCKET_NAME: "docker.sock",
    };
    return await run(process.execPath, [PLUGIN, "mesh", ...parameters], { environment });
  }

  /** Sidecars on all nodes. */
  async function sidecars(): Promise<number> {
    const listed = await Promise.all(swarm.nodes.map((node) => node.docker(SIDECARS)));
    return listed.flatMap((ids) => ids.split("\n").filter(Boolean)).length;
  }

  async function webs(): Promise<readonly string[]> {
    const ids = await Promise.all(swarm.nodes.map((node) => shop.containersOn(node, "web")));
    return ids.flat().toSorted();
  }

  it("up does nothing on a worker, and names the manager", async () => {
    await assert.rejects(mesh(worker, "up", "--swarm"), (error: Error) => {
      assert.match(error.message, /found a worker: run this on a manager \([\d.]+:2377\)/);
      return true;
    });
    assert.equal(await worker.docker(["ps", "--quiet", "--filter", "name=mesh_"]), "");
  });

  it("up installs the mesh on every node", async () => {
    assert.match(await mesh(manager, "up", "--swarm"), /The mesh is up on all nodes of the swarm/);
    await eventually(async () => assert.equal(await sidecars(), 2), LATER);
  });

  it("up gives the engine's socket to the launchers alone", async () => {
    for (const node of swarm.nodes) {
      const format = "{{.Names}} {{.Mounts}}";
      const all = await node.docker(["ps", "--no-trunc", "--format", format]);
      const holders = all.split("\n").filter((line) => / \S*\/var\/run(?:,|$)/.test(line));
      assert.equal(holders.length, 1, all);
      assert.match(holders[0] ?? "", /^mesh_launcher\./);
    }
  });

  it("up again changes nothing", async () => {
    const before = await manager.docker(["ps", "--quiet"]);
    await mesh(manager, "up", "--swarm");
    assert.equal(await manager.docker(["ps", "--quiet"]), before);
  });

  it("down lets applications of all nodes go on without it", async () => {
    const running = await webs();
    assert.match(await mesh(manager, "down", "--swarm"), /The mesh is gone from all nodes/);
    assert.equal(await sidecars(), 0);
    assert.deepEqual(await webs(), running);
    const [answer] = await shop.call(worker, "web", "http://web:8080/");
    assert.ok(answer);
    assert.equal(await manager.docker(["ps", "--all", "--quiet", "--filter", "name=mesh_"]), "");
  });
});
