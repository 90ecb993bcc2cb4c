import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { SwarmNodeFacts } from "../../../plugin/docker/swarm-nodes.ts";
import { assessNodes, type NodeKnowledge } from "../../../plugin/nodes/assess.ts";
import { nodeProblems, passing } from "../../../plugin/nodes/node-problems.ts";
import type { NodeStatus, Problem } from "../../../plugin/status.ts";
import type { KnownAgent } from "../../../registry/agents.ts";

const OWN = { node: "node-1", version: "0.2.0", sidecarVersions: ["0.2.0"] };
const IMAGE = "docker-mesh/mesh:0.2.0";
const RUNNING = { service: "mesh_agent", image: IMAGE, isRunning: true, error: "" };
const NOT_RUNNING = { ...RUNNING, isRunning: false };

function agent(node: string, changes: Partial<KnownAgent> = {}): KnownAgent {
  return { node, version: "0.2.0", sidecarVersions: ["0.2.0"], hearing: "heard", ...changes };
}

function swarmNode(name: string, changes: Partial<SwarmNodeFacts> = {}): SwarmNodeFacts {
  return { name, isInUse: true, agent: RUNNING, labelled: [], ...changes };
}

function knowledge(
  agents: readonly KnownAgent[],
  swarm?: readonly SwarmNodeFacts[],
  working: readonly string[] = [],
): NodeKnowledge {
  return {
    own: OWN,
    agents,
    working: new Set(working),
    swarm: swarm && new Map(swarm.map((node) => [node.name, node])),
  };
}

function problems(
  known: NodeKnowledge,
  { lasts, agentService = "mesh_agent" }: { lasts: boolean; agentService?: string | null },
): readonly Problem[] {
  const nodes = assessNodes(known);
  const { swarm } = known;
  const lasting = new Set(lasts ? passing(nodes, swarm) : []);
  return nodeProblems({ nodes, swarm, lasting, agentService: agentService ?? undefined });
}

describe("how the nodes of a mesh are", () => {
  const CASES: Readonly<Record<string, readonly [NodeKnowledge, readonly Partial<NodeStatus>[]]>> =
    {
      "the own node is ready before the catalog knows it": [
        knowledge([]),
        [{ node: "node-1", agent: "ready" }],
      ],
      "a node whose agent is heard is ready, whatever Swarm says of a task that follows it": [
        knowledge([agent("node-2")], [swarmNode("node-2", { agent: NOT_RUNNING })]),
        [{ node: "node-1" }, { node: "node-2", agent: "ready", agentVersion: "0.2.0" }],
      ],
      "an agent that has gone silent is so": [
        knowledge([agent("node-2", { hearing: "silent" })]),
        [{ node: "node-1" }, { node: "node-2", agent: "silent" }],
      ],
      "a manager knows that a silent one is not there": [
        knowledge(
          [agent("node-2", { hearing: "silent" })],
          [swarmNode("node-2", { agent: NOT_RUNNING })],
        ),
        [{ node: "node-1" }, { node: "node-2", agent: "absent" }],
      ],
      "a node of which Consul hears nothing is lost": [
        knowledge(
          [agent("node-2", { hearing: "lost" })],
          [swarmNode("node-2", { isInUse: false })],
        ),
        [{ node: "node-1" }, { node: "node-2", agent: "lost" }],
      ],
      "a node with workloads whose agent tells nothing is unknown": [
        knowledge([], undefined, ["node-2"]),
        [{ node: "node-1" }, { node: "node-2", agent: "unknown", agentVersion: undefined }],
      ],
      "so is one without, to a manager that sees its agent run": [
        knowledge([], [swarmNode("node-2")]),
        [{ node: "node-1" }, { node: "node-2", agent: "unknown" }],
      ],
      "a node of the swarm that has no agent and no use for one is no part of the mesh": [
        knowledge([], [swarmNode("node-2", { agent: undefined })]),
        [{ node: "node-1" }],
      ],
      "nor is one that is drained": [
        knowledge([], [swarmNode("node-2", { isInUse: false, agent: NOT_RUNNING })]),
        [{ node: "node-1" }],
      ],
      "nor is one that is down and forgotten by Consul, though Swarm still says what ran there": [
        knowledge([], [swarmNode("node-2", { isInUse: false })]),
        [{ node: "node-1" }],
      ],
      "one that runs labelled tasks without an agent lacks it": [
        knowledge([], [swarmNode("node-2", { agent: undefined, labelled: ["shop_orders"] })]),
        [{ node: "node-1" }, { node: "node-2", agent: "absent" }],
      ],
    };
  for (const [title, [known, expected]] of Object.entries(CASES)) {
    it(title, () => assert.partialDeepStrictEqual(assessNodes(known), expected));
    it(`${title}: and there are no others`, () =>
      assert.equal(assessNodes(known).length, expected.length));
  }
});

describe("problems with the nodes of a mesh", () => {
  it("are none where all are heard and of one version", () => {
    assert.deepEqual(
      problems(knowledge([agent("node-2")], [swarmNode("node-2")]), { lasts: true }),
      [],
    );
  });

  it("name the nodes of each version, and what brings them in line", () => {
    const agents = [
      agent("node-2", { version: "0.1.0", sidecarVersions: ["0.1.0"] }),
      agent("node-3", { sidecarVersions: ["", "0.2.0"] }),
    ];
    assert.deepEqual(problems(knowledge(agents, undefined, ["node-4"]), { lasts: true }), [
      {
        subject: "mesh",
        code: "VERSION_MISMATCH",
        message:
          "expected one version of the mesh on all nodes, found agents of 0.2.0 on node-1, node-3, agents of 0.1.0 on node-2, " +
          "agents that tell no version, as old ones do, on node-4, sidecars that tell no version, as old ones do, on node-3. " +
          "They serve each other, but what only the newer one can do does not count everywhere: give these nodes the newer " +
          "image, then `docker service update --force mesh_agent` on a manager; `docker service ps mesh_agent` shows what holds it up",
      },
    ]);
  });

  it("say the same on every node", () => {
    const others = [agent("node-2", { version: "0.1.0", sidecarVersions: [] })];
    const [here] = problems(knowledge(others), { lasts: false });
    const there = {
      ...knowledge([agent("node-1")]),
      own: { ...OWN, node: "node-2", version: "0.1.0" },
    };
    assert.deepEqual(
      problems({ ...there, own: { ...there.own, sidecarVersions: [] } }, { lasts: false }),
      [here],
    );
  });

  it("name no more than some of many nodes", () => {
    const agents = Array.from({ length: 20 }, (_, index) => {
      return agent(`old-${index + 10}`, { version: "0.1.0", sidecarVersions: [] });
    });
    const [problem] = problems(knowledge(agents), { lasts: false });
    assert.match(problem?.message ?? "", /agents of 0\.1\.0 on old-10, .*, old-17 and 12 more\. /);
  });

  it("wait for what passes by itself: agents that start, sidecars that are replaced", () => {
    const known = knowledge(
      [agent("node-2", { sidecarVersions: ["0.1.0", "0.2.0"] })],
      [swarmNode("node-3"), swarmNode("node-4", { agent: NOT_RUNNING })],
    );
    assert.deepEqual(problems(known, { lasts: false }), []);
    assert.deepEqual(
      problems(known, { lasts: true }).map(({ subject, code }) => `${subject} ${code}`),
      ["mesh VERSION_MISMATCH", "node-4 AGENT_UNAVAILABLE"],
    );
  });

  const TEXTS: Readonly<Record<string, readonly [NodeKnowledge, Problem, (string | null)?]>> = {
    "a node without the image": [
      knowledge(
        [],
        [
          swarmNode("node-3", {
            agent: { ...NOT_RUNNING, error: `No such image: ${IMAGE}` },
            labelled: ["shop_orders", "shop_web"],
          }),
        ],
      ),
      {
        subject: "node-3",
        code: "AGENT_UNAVAILABLE",
        message:
          'expected an agent of the mesh on node node-3, found none that runs: Docker says "No such image: docker-mesh/mesh:0.2.0" of mesh_agent. ' +
          "While that is so nobody calls what runs there of shop_orders, shop_web, and what starts there calls past the mesh. " +
          "Give the node the image docker-mesh/mesh:0.2.0 (`docker pull` or `docker load` there), Swarm tries again by itself; " +
          "`docker service ps --no-trunc mesh_agent` shows each try",
      },
    ],
    "a node whose agent fails": [
      knowledge(
        [],
        [swarmNode("node-3", { agent: { ...NOT_RUNNING, error: "task: non-zero exit (1)" } })],
      ),
      {
        subject: "node-3",
        code: "AGENT_UNAVAILABLE",
        message:
          'expected an agent of the mesh on node node-3, found none that runs: Docker says "task: non-zero exit (1)" of mesh_agent. ' +
          "Swarm tries again by itself; `docker service ps --no-trunc mesh_agent` shows each try, and `docker service logs mesh_agent` what it said",
      },
    ],
    "a node that the agents' service leaves out": [
      knowledge([], [swarmNode("node-3", { agent: undefined, labelled: ["shop_orders"] })]),
      {
        subject: "node-3",
        code: "AGENT_UNAVAILABLE",
        message:
          "expected an agent of the mesh on node node-3, found no service that is to start one there. " +
          "While that is so nobody calls what runs there of shop_orders, and what starts there calls past the mesh. " +
          "Deploy compose/stack.yaml without a placement that leaves the node out",
      },
    ],
    "a silent agent on a swarm": [
      knowledge([agent("node-2", { hearing: "silent" })]),
      {
        subject: "node-2",
        code: "AGENT_UNAVAILABLE",
        message:
          "expected the agent of node node-2 (0.2.0) to announce itself, but nothing was heard of it for 30 s: sidecars there go on with " +
          "what they have, what starts there joins when it is back; see `docker service ps --no-trunc mesh_agent` on a manager",
      },
    ],
    "a silent agent elsewhere": [
      knowledge([agent("node-2", { hearing: "silent" })]),
      {
        subject: "node-2",
        code: "AGENT_UNAVAILABLE",
        message:
          "expected the agent of node node-2 (0.2.0) to announce itself, but nothing was heard of it for 30 s: sidecars there go on with " +
          "what they have, what starts there joins when it is back; see `docker compose -f compose/mesh.yaml logs agent` there",
      },
      null,
    ],
    "a lost node": [
      knowledge([agent("node-2", { hearing: "lost" })]),
      {
        subject: "node-2",
        code: "NODE_LOST",
        message:
          "Consul hears nothing of node node-2: expected its Consul agent to reach the others. Its sidecars go on with what they have, and " +
          "after some seconds calls to its workloads go elsewhere; where its Consul agent has only been restarted, it is heard again within a " +
          "minute, and nothing changes. If it is up: ports 7946 (TCP and UDP) and 4789 (UDP) must be open between the nodes, and its " +
          "Consul agent must run; if it is gone for good: `consul force-leave node-2` in a container of Consul's",
      },
    ],
  };
  for (const [title, [known, expected, agentService]] of Object.entries(TEXTS)) {
    it(`say what to do: ${title}`, () => {
      const service = agentService === undefined ? {} : { agentService };
      assert.deepEqual(problems(known, { lasts: true, ...service }), [expected]);
    });
  }
});
