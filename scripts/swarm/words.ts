// What a person is told about a swarm: which nodes there are, how they are, and how to use each.
import { askEngine } from "../engine/find.ts";
import type { SwarmNode } from "./node.ts";
import { CONSUL_PORT, DEMO_PORT } from "./playground.ts";

/** Where the demo's page and Consul are, and how to reach and to use each node. */
export function describeUse(nodes: readonly SwarmNode[]): string {
  const [first] = nodes;
  return [
    "",
    `The demo's page: http://${first?.address}:${DEMO_PORT}, and at every other node's address`,
    `Consul, to look at: http://${first?.address}:${CONSUL_PORT}`,
    "",
    ...nodes.map(({ name, address, role, socket }) =>
      [name, address, role.padEnd(7), `export DOCKER_HOST=unix://${socket}`].join("  "),
    ),
    "",
    "See it: npm run swarm -- status",
    "Take it away: npm run swarm -- down",
  ].join("\n");
}

/** Each node with its state, and the swarm as its first manager that answers sees it. */
export async function describeNodes(nodes: readonly SwarmNode[]): Promise<string> {
  const lines = await Promise.all(
    nodes.map(async (node) => {
      const { name, address, role, socket } = node;
      const words = [name, address, role.padEnd(7), (await stateOf(node)).padEnd(20)];
      return [...words, `DOCKER_HOST=unix://${socket}`].join("  ");
    }),
  );
  return [...lines, "", await seenByManager(nodes)].join("\n");
}

async function stateOf(node: SwarmNode): Promise<string> {
  if (!(await node.isOn())) return "off";
  const engine = await askEngine(node.socket).catch(() => undefined);
  if (engine === undefined) return "engine down";
  return (await node.isConnected()) ? `engine ${engine.version}` : "cut off";
}

async function seenByManager(nodes: readonly SwarmNode[]): Promise<string> {
  for (const node of nodes.filter(({ role }) => role === "manager")) {
    const listing = await node.docker(["node", "ls"]).catch(() => undefined);
    if (listing !== undefined) return listing;
  }
  return "No manager answers: the swarm has no leader.";
}
