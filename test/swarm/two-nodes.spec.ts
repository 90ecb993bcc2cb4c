// The mesh on a swarm in short, as part of `npm test`: a manager and a worker, installed and used as a user would. The other
// specs of this folder take longer and have a command of their own.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { Swarm } from "../../scripts/swarm/swarm.ts";
import { provided } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { echoService } from "../helpers/project.ts";
import { startTestSwarm } from "../helpers/swarm.ts";
import { SwarmMesh, SwarmStack } from "../helpers/swarm-mesh.ts";

const STACK = "app";
const ENABLED = { "mesh.enable": "true" };
const NODE_NAME = { hostname: "{{.Node.Hostname}}" };
const BOTH = ["node-1", "node-2"];

/** 50 requests a second on connections of their own, and four callers with a connection each; tells what became of them. */
const CALLER = `
const http = require("node:http");
const counts = { answered: 0, failures: [] };
const ask = (agent, then) => {
  const done = (failure) => {
    if (failure === undefined) counts.answered += 1;
    else counts.failures.push(failure);
    then?.();
  };
  http.get({ host: "orders", port: 8080, agent, timeout: 10000 }, (r) => {
    r.resume().on("error", (e) => done(String(e)));
    r.on("end", () => done(r.statusCode === 200 ? undefined : "status " + r.statusCode));
  }).on("error", (e) => done(String(e))).on("timeout", function () { this.destroy(new Error("timeout")); });
};
const keep = (agent) => ask(agent, () => setTimeout(keep, 10, agent));
const begin = () => {
  setInterval(() => ask(false), 20);
  for (let i = 0; i < 4; i++) keep(new http.Agent({ keepAlive: true, maxSockets: 1 }));
};
let begun = false;
http.createServer((q, s) => { if (!begun) begin(); begun = true; s.end(JSON.stringify(counts)); }).listen(9000);
process.on("SIGTERM", () => process.exit(0));
`;

interface Counts {
  readonly answered: number;
  readonly failures: readonly string[];
}

const SERVICES = {
  web: {
    ...echoService({ ...ENABLED, "mesh.port": "9000" }),
    command: ["node", "-e", CALLER.replaceAll("$", "$$$$")],
    deploy: { placement: { constraints: ["node.role == manager"] } },
  },
  orders: echoService(ENABLED, {
    ...NODE_NAME,
    deploy: {
      ...{ replicas: 2, endpoint_mode: "dnsrr" },
      update_config: { order: "start-first", parallelism: 1, monitor: "1s" },
    },
  }),
};

describe("the mesh on a swarm of two nodes", () => {
  let swarm: Swarm;
  let mesh: SwarmMesh;
  let stack: SwarmStack;

  before(async function () {
    this.timeout(240_000);
    const images = ["MESH", "MESH_CONSUL", "MESH_DEMO"].map((name) => provided(`${name}_IMAGE`));
    swarm = await startTestSwarm({ nodes: 2, images });
    mesh = await SwarmMesh.deploy(swarm);
    stack = await SwarmStack.deploy(swarm, STACK, SERVICES);
    await mesh.untilReady({ [`${STACK}-orders`]: 2, [`${STACK}-web`]: 1 });
  });

  after(async () => await swarm?.remove());

  it("has an agent on each, and no problem", async () => {
    // An agent announces itself apart from its workloads, within 15 s of its start.
    const told = async (): Promise<void> => {
      for (const node of swarm.nodes) {
        const { nodes, problems } = await mesh.status(node);
        assert.deepEqual(problems, []);
        assert.deepEqual(
          nodes.map((each) => `${each.node} ${each.agent}`),
          ["node-1 ready", "node-2 ready"],
        );
      }
    };
    await eventually(told, { timeout: 20_000, interval: 200 });
  });

  it("carries calls to both nodes by a label alone, with the caller's identity", async () => {
    const answers = await stack.call(swarm.node("node-1"), "web", "http://orders:8080/", 24);
    assert.deepEqual([...new Set(answers.map(({ replica }) => replica))].toSorted(), BOTH);
    for (const { headers } of answers) {
      const certificate = headers["x-forwarded-client-cert"] ?? "";
      assert.match(certificate, /spiffe:\/\/[^/]+\/ns\/default\/dc\/dc1\/svc\/app-web\b/);
    }
  });

  it("loses no request while all tasks are replaced", async () => {
    const load = async (): Promise<Counts> => {
      const [web = ""] = await stack.containersOn(swarm.node("node-1"), "web");
      const program = "fetch('http://127.0.0.1:9000/').then((r) => r.text()).then(console.log)";
      const command = ["exec", web, "node", "-e", program];
      return JSON.parse(await swarm.node("node-1").docker(command)) as Counts;
    };
    const tasks = async (): Promise<string[]> =>
      (await Promise.all(swarm.nodes.map((node) => stack.containersOn(node, "orders")))).flat();
    const served = async (more: number): Promise<Counts> => {
      const { answered } = await load();
      return await eventually(
        async () => {
          const now = await load();
          assert.ok(now.answered >= answered + more, JSON.stringify(now));
          return now;
        },
        { timeout: 20_000, interval: 100 },
      );
    };
    assert.deepEqual((await served(50)).failures, []);
    const before = await tasks();
    await swarm.docker(["service", "update", "--force", "--quiet", `${STACK}_orders`]);
    await eventually(
      async () => {
        const after = await tasks();
        assert.ok(after.length === 2 && !after.some((id) => before.includes(id)), after.join());
      },
      { timeout: 20_000, interval: 200 },
    );
    await mesh.untilReady({ [`${STACK}-orders`]: 2 });
    assert.deepEqual((await served(50)).failures, []);
  });

  it("forgets a stack that is removed", async () => {
    await stack.remove();
    for (const node of swarm.nodes) {
      await eventually(
        async () => {
          const filter = ["--filter", "label=docker-mesh.role=sidecar"];
          assert.equal(await node.docker(["ps", "--all", "--quiet", ...filter]), "");
          assert.deepEqual((await mesh.status(node)).workloads, []);
        },
        { timeout: 30_000, interval: 200 },
      );
    }
  });
});
