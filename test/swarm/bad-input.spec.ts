// What is wrong with a swarm is told where somebody looks, with what to do, and the rest is served meanwhile. One swarm: its
// first node is a manager and as it should be; the others are not.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { Problem } from "../../plugin/status.ts";
import type { SwarmNode } from "../../scripts/swarm/node.ts";
import { agentOf } from "../../scripts/swarm/stacks.ts";
import type { Swarm } from "../../scripts/swarm/swarm.ts";
import { provided } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { echoService } from "../helpers/project.ts";
import { startTestSwarm } from "../helpers/swarm.ts";
import { SwarmMesh, SwarmStack } from "../helpers/swarm-mesh.ts";

const IMAGE = provided("MESH_IMAGE");
const KEPT = "mesh-test/right:1";
const CALLS = 12;
const EVERY_NODE = ["node-1", "node-2", "node-3"];
const ENABLED = { "mesh.enable": "true" };
const ECHO = echoService(ENABLED, {
  deploy: { mode: "global" },
  hostname: "{{.Node.Hostname}}",
});
/** A silent agent is told after 30 s, and Swarm tries a missing image for some seconds each time. */
const TOLD = { timeout: 60_000, interval: 500 };

/** What makes an agent of the image another one: its version, or that it announces itself. */
const OTHER_VERSION = ['AGENT_VERSION="0.1.0"', 'AGENT_VERSION="0.0.9"'] as const;
const SPEECHLESS = ['AGENT_SERVICE="docker-mesh-agent"', 'AGENT_SERVICE="x"'] as const;

/** Gives a node another image under the name of the mesh's, and keeps the right one. */
async function replaceImage(
  node: SwarmNode,
  [text, other]: readonly [string, string],
): Promise<void> {
  const program = `const fs = require("fs");
    for (const name of fs.readdirSync("/app")) {
      const file = "/app/" + name;
      const before = fs.readFileSync(file, "utf8");
      const after = before.replaceAll(${JSON.stringify(text)}, ${JSON.stringify(other)});
      if (name === "agent.mjs" && after === before) throw new Error("the agent is not made another one");
      fs.writeFileSync(file, after);
    }`;
  await node.docker(["tag", IMAGE, KEPT]);
  await node.docker(["run", "--name", "other", IMAGE, "node", "-e", program]);
  await node.docker(["commit", "--change", 'CMD ["node", "/app/agent.mjs"]', "other", IMAGE]);
  await node.docker(["rm", "other"]);
}

describe("a swarm with something wrong", () => {
  let swarm: Swarm;
  let mesh: SwarmMesh;
  let app: SwarmStack;
  let manager: SwarmNode;
  let second: SwarmNode;
  let third: SwarmNode;

  before(async function () {
    this.timeout(240_000);
    swarm = await startTestSwarm({ nodes: 3 });
    [manager, second, third] = [swarm.node("node-1"), swarm.node("node-2"), swarm.node("node-3")];
    await Promise.all([replaceImage(second, OTHER_VERSION), replaceImage(third, SPEECHLESS)]);
    mesh = await SwarmMesh.deploy(swarm);
    app = await SwarmStack.deploy(swarm, "app", { echo: ECHO });
    await SwarmStack.deploy(swarm, "a", { "b-c": echoService(ENABLED) });
    await SwarmStack.deploy(swarm, "a-b", { c: echoService(ENABLED) });
    await mesh.untilReady({ "app-echo": 3, "a-b-c": 2 });
  });

  after(async () => await swarm?.remove());

  async function problem(node: SwarmNode, code: string, subject: string): Promise<Problem> {
    return await eventually(async () => {
      const { problems } = await mesh.status(node);
      const found = problems.find((each) => each.code === code && each.subject === subject);
      assert.ok(found, JSON.stringify(problems));
      return found;
    }, TOLD);
  }

  async function isOver(code: string): Promise<void> {
    for (const node of swarm.nodes) {
      await eventually(async () => {
        const { problems } = await mesh.status(node);
        assert.ok(!problems.some((each) => each.code === code), JSON.stringify(problems));
      }, TOLD);
    }
  }

  const restartAgent = async (node: SwarmNode): Promise<void> =>
    void (await node.docker(["kill", (await agentOf(node)) ?? ""]));

  const restoreImage = async (node: SwarmNode): Promise<void> =>
    void (await node.docker(["tag", KEPT, IMAGE]));

  async function answering(from: SwarmNode): Promise<string[]> {
    const answers = await app.call(from, "echo", "http://echo:8080/", CALLS);
    for (const { headers } of answers) assert.ok(headers["x-forwarded-client-cert"]);
    return [...new Set(answers.map(({ replica }) => replica))].toSorted();
  }

  describe("whose nodes run different versions of the mesh", () => {
    it("says on every node which have which, also where an agent tells none, and what to do", async () => {
      for (const node of [manager, second]) {
        await eventually(async () => {
          const { message } = await problem(node, "VERSION_MISMATCH", "mesh");
          assert.match(message, /found agents of 0\.1\.0 on node-1, agents of 0\.0\.9 on node-2, /);
          assert.match(message, /agents that tell no version, as old ones do, on node-3\. /);
          assert.match(message, /`docker service update --force mesh_agent` on a manager/);
        }, TOLD);
      }
      const text = await mesh.command(manager, "status");
      assert.match(text, /^node-2 +ready +0\.0\.9 /m);
      assert.match(text, /^node-3 +unknown +- /m);
    });

    it("serves from every node to every node", async () => {
      for (const node of swarm.nodes) assert.deepEqual(await answering(node), EVERY_NODE);
    });

    it("is well when all have one image again, sidecars too", async () => {
      for (const node of [second, third]) {
        await restoreImage(node);
        await restartAgent(node);
      }
      await isOver("VERSION_MISMATCH");
      const { nodes } = await mesh.status(manager);
      assert.deepEqual(
        nodes.map(({ node, agent, agentVersion }) => `${node} ${agent} ${agentVersion}`),
        EVERY_NODE.map((node) => `${node} ready 0.1.0`),
      );
    });
  });

  describe("on which two stacks give services one name", () => {
    it("says so on every node, with who has it, and what to do", async () => {
      for (const node of swarm.nodes) {
        const { message } = await problem(node, "NAME_SHARED", "a-b-c");
        assert.match(
          message,
          /project a \(container a_b-c\.1\.\w+ on node-\d\) and project a-b \(/,
        );
        assert.match(message, /another name with the label mesh\.service/);
      }
    });

    it("is well once one of them has another", async () => {
      await swarm.docker([
        ...["service", "update", "--detach", "--label-add", "mesh.service=other"],
        "a-b_c",
      ]);
      await isOver("NAME_SHARED");
      await mesh.untilReady({ "a-b-c": 1, other: 1 });
    });
  });

  describe("whose overlays are not attachable", () => {
    it("has a mesh all the same: sidecars join containers, not networks", async () => {
      const format = ["--format", "{{.Attachable}}"];
      assert.equal(await swarm.docker(["network", "inspect", ...format, "app_default"]), "false");
      assert.deepEqual(await answering(second), EVERY_NODE);
    });

    it("lets Docker itself say so to who starts a container on one", async () => {
      const run = ["run", "--rm", "--network", "app_default", provided("MESH_DEMO_IMAGE"), "true"];
      await assert.rejects(manager.docker(run), /app_default not manually attachable/);
    });
  });

  describe("with a worker whose Consul agent reaches nobody, and another without the image", () => {
    let cut: string;

    /** Consul's network alone: applications have another. */
    const setConsulNetwork = async (state: "down" | "up"): Promise<void> => {
      const enter = ["nsenter", "--target", cut, "--net", "ip", "link", "set", "eth0", state];
      assert.equal((await second.run(enter)).code, 0);
    };

    before(async () => {
      await third.docker(["rmi", "--force", IMAGE]);
      await restartAgent(third);
      const filter = "label=com.docker.swarm.service.name=mesh_consul";
      const consul = await second.docker(["ps", "--quiet", "--filter", filter]);
      cut = await second.docker(["inspect", "--format", "{{.State.Pid}}", consul]);
      await setConsulNetwork("down");
    });

    it("says on the worker what it does not reach, that traffic goes on, and where to look", async () => {
      const { message } = await problem(second, "CATALOG_UNAVAILABLE", "consul");
      assert.match(message, /traffic goes on with what was known last\. .*reaches no server: see /);
      const { agent } = await mesh.status(second);
      assert.equal(agent.catalogReachable, false);
      assert.ok((await answering(second)).includes("node-1"));
    });

    it("says on other nodes that it is lost to Consul", async () => {
      const { message } = await problem(manager, "NODE_LOST", "node-2");
      assert.match(message, /Consul hears nothing of node node-2: .*its Consul agent must run/);
    });

    it("says on managers what Docker says of the image, and what runs there", async () => {
      await eventually(async () => {
        const { message } = await problem(manager, "AGENT_UNAVAILABLE", "node-3");
        assert.ok(message.includes(`Docker says "No such image: ${IMAGE}" of mesh_agent`), message);
        assert.match(message, /nobody calls what runs there of .*app_echo/);
        assert.ok(message.includes(`Give the node the image ${IMAGE}`), message);
      }, TOLD);
      const tasks = await swarm.docker(["service", "ps", "--no-trunc", "mesh_agent"]);
      assert.match(tasks, /No such image/);
    });

    it("says it in the agent's log and in Consul, too", async () => {
      await eventually(async () => {
        const log = await manager.docker(["logs", (await agentOf(manager)) ?? ""]);
        for (const told of ["NODE_LOST", "AGENT_UNAVAILABLE"]) {
          assert.match(log, new RegExp(`"level":"warn".*"code":"${told}"`));
        }
      }, TOLD);
      await eventually(async () => {
        const agents = (await mesh.consul("/v1/health/service/docker-mesh-agent")) as {
          Checks: { CheckID: string; Status: string }[];
        }[];
        const failing = agents.flatMap(({ Checks }) =>
          Checks.filter(({ Status }) => Status !== "passing").map(({ CheckID }) => CheckID),
        );
        assert.ok(failing.includes("docker-mesh-agent-node-3:alive"), failing.join());
      }, TOLD);
    });

    it("serves those who are well, and all of them when they are well again", async () => {
      assert.ok((await answering(manager)).includes("node-1"));
      await setConsulNetwork("up");
      await restoreImage(third);
      for (const code of ["CATALOG_UNAVAILABLE", "NODE_LOST", "AGENT_UNAVAILABLE"])
        await isOver(code);
      await mesh.untilReady({ "app-echo": 3 });
      for (const node of swarm.nodes) assert.deepEqual(await answering(node), EVERY_NODE);
    });
  });
});
