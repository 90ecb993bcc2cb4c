// What operators ask on a swarm: Prometheus, as its file installs it, finds the agent of every node; each node can be checked,
// and a call be explained, wherever its caller runs.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "mocha";
import type { Explanation } from "../../plugin/explain/explanation.ts";
import { run } from "../../scripts/command.ts";
import type { SwarmNode } from "../../scripts/swarm/node.ts";
import { agentOf, MESH_STACK, MESH_STACK_FILE } from "../../scripts/swarm/stacks.ts";
import type { Swarm } from "../../scripts/swarm/swarm.ts";
import { provided } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { echoService } from "../helpers/project.ts";
import { startTestSwarm } from "../helpers/swarm.ts";
import { SwarmMesh, SwarmStack } from "../helpers/swarm-mesh.ts";

const FILE = fileURLToPath(new URL("../../compose/stack-observability.yaml", import.meta.url));
const LATER = { timeout: 90_000, interval: 500 };

describe("whoever operates a swarm", function () {
  this.timeout(240_000);

  let swarm: Swarm;
  let mesh: SwarmMesh;
  let first: SwarmNode;
  let second: SwarmNode;

  before(async () => {
    swarm = await startTestSwarm({ nodes: 2 });
    [first, second] = swarm.nodes as unknown as [SwarmNode, SwarmNode];
    mesh = await SwarmMesh.deploy(swarm);
    await deploy();
    const on = (node: string): object => ({
      placement: { constraints: [`node.hostname == ${node}`] },
    });
    const web = echoService({ "mesh.enable": "true" }, { deploy: on(first.name) });
    const orders = echoService({ "mesh.enable": "true" }, { deploy: on(second.name) });
    await SwarmStack.deploy(swarm, "shop", { web, orders });
    await eventually(async () => await mesh.untilReady({ "shop-web": 1, "shop-orders": 1 }), LATER);
  });

  after(async () => await swarm?.remove());

  async function deploy(): Promise<void> {
    const { socket } = await swarm.manager();
    const files = [MESH_STACK_FILE, FILE].flatMap((file) => ["--compose-file", file]);
    const options = ["--resolve-image", "never", ...files];
    const environment = {
      MESH_IMAGE: provided("MESH_IMAGE"),
      MESH_CONSUL_IMAGE: provided("MESH_CONSUL_IMAGE"),
      MESH_DOCKER_SOCKET_DIRECTORY: "/var/run",
      MESH_DOCKER_SOCKET_NAME: "docker.sock",
      MESH_CONSUL_SERVERS: "1",
      MESH_PROMETHEUS_IMAGE: provided("MESH_TEST_TOOLS_IMAGE"),
      // No image of Grafana can be had where these tests run.
      MESH_GRAFANA_REPLICAS: "0",
    };
    const command = ["--host", `unix://${socket}`, "stack", "deploy", ...options, MESH_STACK];
    await run("docker", command, { environment });
  }

  /** Values of a query by one label. */
  async function queried(query: string, label: string): Promise<Record<string, number>> {
    const manager = await swarm.manager();
    const filter = `label=com.docker.swarm.service.name=${MESH_STACK}_prometheus`;
    const [container = ""] = (await manager.docker(["ps", "-q", "--filter", filter])).split("\n");
    const url = `http://127.0.0.1:9090/api/v1/query?query=${encodeURIComponent(query)}`;
    const answer = JSON.parse(await manager.docker(["exec", container, "curl", "-s", url])) as {
      readonly data: {
        readonly result: readonly {
          readonly metric: Readonly<Record<string, string>>;
          readonly value: readonly [number, string];
        }[];
      };
    };
    return Object.fromEntries(
      answer.data.result.map(({ metric, value }) => [metric[label] ?? "", Number(value[1])]),
    );
  }

  it("finds nothing to mend on any node", async () => {
    for (const node of [first, second]) {
      const text = await eventually(async () => await mesh.command(node, "check"), LATER);
      assert.match(text, /\n✓ nodes +2, each with an agent\n/);
      assert.match(text, /\n\nAll is well\.$/);
    }
  });

  it("finds a node whose agent is gone", async () => {
    const agent = String(await agentOf(second));
    await second.docker(["pause", agent]);
    try {
      await eventually(async () => {
        await assert.rejects(mesh.command(first, "check"), /the agent of node-2 is silent/);
      }, LATER);
    } finally {
      await second.docker(["unpause", agent]);
    }
  });

  for (const at of ["node-1", "node-2"]) {
    it(`learns at ${at} where a call of node-1 to node-2 goes`, async () => {
      const node = swarm.node(at);
      const asked = ["explain", "shop-web", "orders", "--format", "json"];
      const { caller, result, endpoints, notes } = JSON.parse(
        await mesh.command(node, ...asked),
      ) as Explanation;
      assert.deepEqual([caller.node, caller.local], ["node-1", at === "node-1"]);
      assert.match(result.text, /^goes to shop_orders\..* on node-2$/);
      assert.equal(endpoints.length, 1);
      assert.equal(notes.length, at === "node-1" ? 0 : 1, notes.join());
    });
  }

  it("has a Prometheus that reads the agent of every node", async () => {
    await eventually(async () => {
      const nodes = await queried("mesh_agent_info", "node");
      assert.deepEqual(nodes, { "node-1": 1, "node-2": 1 });
      assert.deepEqual(Object.values(await queried('up{job="mesh"}', "instance")), [1, 1]);
    }, LATER);
  });
});
