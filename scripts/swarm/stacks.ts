// Stacks on a swarm of this machine: the mesh and the demo from the very files that users deploy, and any other.
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { run, SetupError } from "../command.ts";
import type { SwarmNode } from "./node.ts";
import type { Swarm } from "./swarm.ts";

export const MESH_STACK = "mesh";
export const MESH_STACK_FILE: string = projectFile("compose/stack.yaml");
export const DEMO_STACK = "shop";
export const DEMO_STACK_FILE: string = projectFile("compose/demo/stack.yaml");

const GOSSIP_SECRET = "mesh-gossip-key";
const MOST_CONSUL_SERVERS = 3;
const POLL_MS = 250;

type Environment = Readonly<Record<string, string>>;

/** What is deployed: a file, or the text of one. */
export type StackSource = { readonly file: string } | { readonly text: string };

/** `docker stack deploy` on the swarm's manager; the variables are those of the stack's file. */
export async function deployStack(
  swarm: Swarm,
  name: string,
  source: StackSource,
  environment: Environment = {},
): Promise<void> {
  const { socket } = await swarm.manager();
  const file = "file" in source ? source.file : "-";
  const input = "file" in source ? {} : { input: Readable.from([source.text]) };
  // The nodes have the images, and there may be no registry that could name their digests.
  const options = ["--resolve-image", "never", "--compose-file", file];
  const command = ["--host", `unix://${socket}`, "stack", "deploy", ...options, name];
  await run("docker", command, { environment, ...input });
}

/** Removes a stack and resolves when none of its containers is left on any node that is on. */
export async function removeStack(swarm: Swarm, name: string, signal: AbortSignal): Promise<void> {
  await swarm.docker(["stack", "rm", name]);
  await untilNone(swarm.nodes, `label=com.docker.stack.namespace=${name}`, signal);
}

/**
 * Installs the mesh with as many of Consul's servers as there are managers, three at most, and resolves when every node has
 * a healthy agent. The variables are those of compose/stack.yaml.
 */
export async function deployMesh(
  swarm: Swarm,
  environment: Environment,
  signal: AbortSignal,
): Promise<void> {
  const managers = swarm.nodes.filter(({ role }) => role === "manager").length;
  const { socket } = await swarm.manager();
  const key = randomBytes(32).toString("base64");
  const secret = ["secret", "create", GOSSIP_SECRET, "-"];
  await run("docker", ["--host", `unix://${socket}`, ...secret], { input: Readable.from([key]) });
  await deployStack(
    swarm,
    MESH_STACK,
    { file: MESH_STACK_FILE },
    { MESH_CONSUL_SERVERS: String(Math.min(managers, MOST_CONSUL_SERVERS)), ...environment },
  );
  for (const node of swarm.nodes) await untilAgent(node, signal);
}

/** The id of the container of the node's healthy agent; undefined while there is none. */
export async function agentOf(node: SwarmNode): Promise<string | undefined> {
  const filters = ["label=docker-mesh.role=agent", "health=healthy"];
  const options = filters.flatMap((filter) => ["--filter", filter]);
  return (
    (await node.docker(["ps", "--quiet", "--no-trunc", ...options])).split("\n")[0] || undefined
  );
}

async function untilAgent(node: SwarmNode, signal: AbortSignal): Promise<void> {
  while ((await agentOf(node)) === undefined) {
    if (signal.aborted) {
      throw new SetupError(
        `expected an agent on ${node.name}, found:\n${await node.docker(["ps", "--all"])}`,
      );
    }
    await delay(POLL_MS);
  }
}

async function untilNone(
  nodes: readonly SwarmNode[],
  filter: string,
  signal: AbortSignal,
): Promise<void> {
  for (const node of nodes) {
    if (!(await node.isOn())) continue;
    while ((await node.docker(["ps", "--all", "--quiet", "--filter", filter])) !== "") {
      signal.throwIfAborted();
      await delay(POLL_MS);
    }
  }
}

function projectFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
