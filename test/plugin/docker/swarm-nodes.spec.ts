import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  agentServices,
  type ListedTask,
  type NodeListing,
  nodesWithoutAgent,
  readNodes,
} from "../../../plugin/docker/swarm-nodes.ts";

const IMAGE = "docker-mesh/mesh:0.1.0";
const ready = (
  ID: string,
  Availability = "active",
  State = "ready",
): NodeListing["nodes"][number] => ({
  ...{ ID, Description: { Hostname: `host-${ID}` } },
  ...{ Spec: { Availability }, Status: { State } },
});
const service = (
  ID: string,
  labels: object,
  deployLabels = {},
): NodeListing["services"][number] => ({
  ID,
  Spec: {
    Name: `stack_${ID}`,
    Labels: deployLabels,
    TaskTemplate: { ContainerSpec: { Image: IMAGE, Labels: { ...labels } } },
  },
});
const task = (
  ServiceID: string,
  NodeID: string,
  State: string,
  CreatedAt = "1",
  Err = "",
): ListedTask => ({
  ...{ ServiceID, NodeID, CreatedAt, Status: { State, Err } },
  Spec: { ContainerSpec: { Image: IMAGE } },
});

const ENABLED = { "mesh.enable": "true" };
const SERVICES = [
  service("agent", { "docker-mesh.role": "agent" }),
  service("orders", ENABLED),
  service("deployed", {}, ENABLED),
  service("switched-off", ENABLED, { "mesh.enable": "false" }),
  service("plain", {}),
];

function listing(...agentTasks: readonly ListedTask[]): NodeListing {
  return { nodes: [ready("n1"), ready("n2")], services: SERVICES, agentTasks };
}

describe("the nodes of a swarm", () => {
  it("have agents by the services that say so", () => {
    assert.deepEqual(agentServices(SERVICES), ["agent"]);
  });

  it("are looked at more closely where no agent runs, unless they are down or drained", () => {
    const tasks = [task("agent", "n1", "running"), task("agent", "n2", "rejected")];
    const nodes = [
      ready("n1"),
      ready("n2"),
      ready("n3"),
      ready("n4", "drain"),
      ready("n5", "active", "down"),
    ];
    assert.deepEqual(nodesWithoutAgent({ ...listing(...tasks), nodes }), ["n2", "n3"]);
  });

  it("are told with the agent's newest task, and what the engine says of the last that failed", () => {
    const tasks = [
      task("agent", "n1", "running", "2"),
      task("agent", "n1", "failed", "1", "task: non-zero exit (1)"),
      task("agent", "n2", "preparing", "3"),
      task("agent", "n2", "rejected", "2", `No such image: ${IMAGE}`),
      task("agent", "n2", "failed", "1", "task: non-zero exit (137)"),
    ];
    const agent = { service: "stack_agent", image: IMAGE };
    assert.deepEqual(readNodes(listing(...tasks), []), [
      {
        name: "host-n1",
        isInUse: true,
        agent: { ...agent, isRunning: true, error: "" },
        labelled: [],
      },
      {
        ...{ name: "host-n2", isInUse: true, labelled: [] },
        agent: { ...agent, isRunning: false, error: `No such image: ${IMAGE}` },
      },
    ]);
  });

  it("are told with the labelled services that run there, by the labels that count", () => {
    const others = [
      ...SERVICES.map(({ ID }) => task(ID, "n2", "running")),
      task("orders", "n2", "running"),
      task("deployed", "n1", "starting"),
    ];
    const [first, second] = readNodes(listing(), others);
    assert.deepEqual([first?.labelled, second?.labelled], [[], ["stack_deployed", "stack_orders"]]);
    assert.equal(second?.agent, undefined);
  });
});
