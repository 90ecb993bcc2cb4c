// The mesh on a swarm of three nodes, installed by compose/stack.yaml: services on different nodes call each other over
// mutual TLS, prefer their own node where that is said, obey policies everywhere, and leave nothing behind.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { SwarmNode } from "../../scripts/swarm/node.ts";
import type { Swarm } from "../../scripts/swarm/swarm.ts";
import { eventually } from "../helpers/eventually.ts";
import { echoService } from "../helpers/project.ts";
import { startTestSwarm } from "../helpers/swarm.ts";
import { SwarmMesh, SwarmStack } from "../helpers/swarm-mesh.ts";

const STACK = "app";
const CALLS = 24;
const ON_EVERY_NODE = { deploy: { mode: "global" } };
const NODE_NAME = { hostname: "{{.Node.Hostname}}" };
const ENABLED = { "mesh.enable": "true" };

/** One caller and one endpoint of each service on every node; `direct` has no virtual address in Docker's DNS. */
const SERVICES = {
  caller: echoService(ENABLED, ON_EVERY_NODE),
  echo: echoService(ENABLED, { ...ON_EVERY_NODE, ...NODE_NAME }),
  direct: echoService(ENABLED, {
    ...NODE_NAME,
    deploy: { mode: "global", endpoint_mode: "dnsrr" },
  }),
  near: echoService(
    { ...ENABLED, "mesh.balance.same-node": "true" },
    { ...ON_EVERY_NODE, ...NODE_NAME },
  ),
  page: echoService(ENABLED, {
    ...ON_EVERY_NODE,
    ...NODE_NAME,
    ports: [{ target: 8080, published: 18_090, mode: "host" }],
  }),
};

describe("the mesh on a swarm", () => {
  let swarm: Swarm;
  let mesh: SwarmMesh;
  let stack: SwarmStack;

  before(async function () {
    this.timeout(240_000);
    swarm = await startTestSwarm({ nodes: 3 });
    mesh = await SwarmMesh.deploy(swarm);
    stack = await SwarmStack.deploy(swarm, STACK, SERVICES);
    const names = Object.keys(SERVICES).map((service) => [`${STACK}-${service}`, 3]);
    await mesh.untilReady(Object.fromEntries(names));
  });

  after(async () => await swarm?.remove());

  /** The nodes whose endpoints answered calls from a node, sorted. */
  async function answering(from: SwarmNode, service: string): Promise<string[]> {
    const answers = await stack.call(from, "caller", `http://${service}:8080/`, CALLS);
    return [...new Set(answers.map(({ replica }) => replica))].toSorted();
  }

  const everyNode = (): string[] => swarm.nodes.map(({ name }) => name).toSorted();

  it("has an agent on every node, each connected to its node's Consul agent, without a problem", async () => {
    for (const node of swarm.nodes) {
      const { agent, problems } = await mesh.status(node);
      assert.equal(agent.node, node.name);
      assert.equal(agent.catalogReachable, true);
      assert.deepEqual(problems, []);
    }
    const members = (await mesh.consul("/v1/catalog/nodes")) as { Node: string }[];
    const names = members.map(({ Node }) => Node).toSorted();
    assert.deepEqual(names, [...everyNode(), "server-node-1"]);
  });

  for (const [service, mode] of [
    ["echo", "a virtual address"],
    ["direct", "addresses of tasks"],
  ] as const) {
    it(`calls endpoints on every node, whether Docker's DNS gives ${mode}: ${service}`, async () => {
      for (const node of swarm.nodes) {
        assert.deepEqual(await answering(node, service), everyNode());
      }
    });
  }

  it("tells the callee who called, across nodes", async () => {
    const answers = await stack.call(swarm.node("node-2"), "caller", "http://echo:8080/", CALLS);
    const callers = answers.map(({ replica, headers }) => ({
      replica,
      caller: /URI="?([^";,]+)/.exec(headers["x-forwarded-client-cert"] ?? "")?.[1],
    }));
    assert.ok(callers.some(({ replica }) => replica !== "node-2"));
    for (const { caller } of callers) {
      assert.match(caller ?? "", /^spiffe:\/\/[^/]+\/ns\/default\/dc\/dc1\/svc\/app-caller$/);
    }
  });

  it("keeps calls on the caller's node for a service that prefers it", async () => {
    for (const node of swarm.nodes) {
      assert.deepEqual(await answering(node, "near"), [node.name]);
    }
  });

  it("goes to other nodes when the caller's own has no such endpoint any more", async () => {
    const near = SERVICES.near as object;
    const elsewhere = {
      mode: "global",
      placement: { constraints: ["node.hostname != node-2"] },
    };
    await stack.change({ ...SERVICES, near: { ...near, deploy: elsewhere } });
    await mesh.untilReady({ [`${STACK}-near`]: 2 });
    assert.deepEqual(await answering(swarm.node("node-2"), "near"), ["node-1", "node-3"]);
    assert.deepEqual(await answering(swarm.node("node-3"), "near"), ["node-3"]);
  });

  it("puts a policy that was set on one node in force at the callers of all", async () => {
    const [manager, worker] = [swarm.node("node-1"), swarm.node("node-3")];
    await mesh.command(manager, "policy", "set", "app-echo", "balance.same-node=true");
    for (const node of swarm.nodes) {
      await eventually(async () =>
        assert.deepEqual(await answering(node, "echo"), [node.name], node.name),
      );
    }
    await mesh.command(worker, "policy", "unset", "app-echo", "balance.same-node");
    for (const node of swarm.nodes) {
      await eventually(async () => assert.deepEqual(await answering(node, "echo"), everyNode()));
    }
  });

  it("refuses callers on all nodes as soon as a rule says so", async () => {
    await mesh.command(swarm.node("node-2"), "policy", "set", "app-echo", "allow=somebody");
    for (const node of swarm.nodes) {
      await eventually(
        async () => await assert.rejects(answering(node, "echo"), /403/, `from ${node.name}`),
      );
    }
    await mesh.command(swarm.node("node-2"), "policy", "unset", "app-echo", "allow");
    for (const node of swarm.nodes) {
      await eventually(async () => assert.deepEqual(await answering(node, "echo"), everyNode()));
    }
  });

  it("leaves what a task publishes reachable at its node", async () => {
    for (const { name, address } of swarm.nodes) {
      const response = await fetch(`http://${address}:18090/`);
      assert.equal(((await response.json()) as { replica: string }).replica, name);
    }
  });

  it("lets whoever reaches Consul's published port look, and no more", async () => {
    const { address } = await swarm.manager();
    const ask = async (path: string, method = "GET"): Promise<number> => {
      const response = await fetch(`http://${address}:8500${path}`, { method, redirect: "manual" });
      await response.text();
      return response.status;
    };
    assert.equal(await ask("/ui/"), 200);
    assert.equal(await ask("/v1/catalog/services"), 200);
    const refused = [
      ["/v1/agent/connect/ca/leaf/app-echo"],
      ["/v1/connect/ca/configuration"],
      ["/v1/snapshot"],
      ["/v1/operator/keyring"],
      ["/v1/kv/docker-mesh/policies/app-echo", "PUT"],
      ["/v1/agent/service/register", "PUT"],
      ["/v1/connect/intentions", "POST"],
    ] as const;
    for (const [path, method] of refused) assert.equal(await ask(path, method), 403, path);
  });

  it("calls the endpoints of a node whose Consul agent has restarted, though Consul finds that node failing", async () => {
    const node = swarm.node("node-2");
    const filter = "label=com.docker.swarm.service.name=mesh_consul";
    await node.docker(["stop", await node.docker(["ps", "--quiet", "--filter", filter])]);
    await eventually(
      async () => {
        const checks = (await mesh.consul("/v1/health/node/node-2")) as Record<string, string>[];
        const gossip = checks.find(({ CheckID }) => CheckID === "serfHealth");
        assert.equal(gossip?.["Status"], "critical");
      },
      { timeout: 30_000, interval: 100 },
    );
    for (const from of ["node-1", "node-3"]) {
      assert.deepEqual(await answering(swarm.node(from), "direct"), everyNode());
    }
  });

  it("reaches Consul from every node when its only server has been replaced by another task", async () => {
    const update = ["service", "update", "--force", "--detach=false", "--quiet"];
    await swarm.docker([...update, "mesh_consul-server"]);
    for (const node of swarm.nodes) {
      await eventually(
        async () => await mesh.command(node, "policy", "set", "app-echo", "timeouts.request=7s"),
        { timeout: 60_000, interval: 500 },
      );
    }
  });

  it("takes what ran on a node that is drained out of the catalog, sidecars from the node, and both back", async () => {
    const [from, drained] = [swarm.node("node-1"), swarm.node("node-3")];
    const availability = async (value: string): Promise<string> =>
      await swarm.docker(["node", "update", "--availability", value, drained.name]);
    await availability("drain");
    await eventually(
      async () => {
        const entries = (await mesh.consul(`/v1/catalog/service/${STACK}-direct`)) as {
          Node: string;
        }[];
        assert.ok(!entries.some(({ Node }) => Node === drained.name));
        assert.deepEqual(await answering(from, "direct"), ["node-1", "node-2"]);
        const filter = ["--filter", "label=docker-mesh.role=sidecar"];
        assert.equal(await drained.docker(["ps", "--all", "--quiet", ...filter]), "");
      },
      { timeout: 30_000, interval: 200 },
    );
    await availability("active");
    await mesh.untilReady({ [`${STACK}-direct`]: 3 });
    assert.deepEqual(await answering(from, "direct"), everyNode());
    // The node's Consul agent is another member of the same name: the others let it in when they have missed the first.
    await eventually(
      async () => {
        const checks = (await mesh.consul(`/v1/health/node/${drained.name}`)) as {
          CheckID: string;
          Status: string;
        }[];
        const known = checks.find(({ CheckID }) => CheckID === "serfHealth");
        assert.equal(known?.Status, "passing");
      },
      { timeout: 120_000, interval: 500 },
    );
  }).timeout(240_000);

  it("forgets a stack that is removed: sidecars, names in Consul, networks", async () => {
    await stack.remove();
    for (const node of swarm.nodes) {
      await eventually(
        async () => {
          const filter = ["--filter", "label=docker-mesh.role=sidecar"];
          assert.equal(await node.docker(["ps", "--all", "--quiet", ...filter]), "");
          const { workloads, services } = await mesh.status(node);
          const instances = services.reduce((sum, service) => sum + service.instances, 0);
          assert.deepEqual({ workloads, instances }, { workloads: [], instances: 0 });
        },
        { timeout: 30_000, interval: 200 },
      );
    }
    await eventually(async () => {
      assert.deepEqual(Object.keys((await mesh.consul("/v1/catalog/services")) as object), [
        "consul",
        "docker-mesh-agent",
      ]);
    });
    const networks = await swarm.docker(["network", "ls", "--format", "{{.Name}}"]);
    assert.ok(!networks.includes(STACK), networks);
  });
});
