// Which nodes the mesh has and how their agents are, put together from what agents announce, what the catalog lists and, on a
// manager, what Swarm says. Pure.
import type { Announcement, KnownAgent } from "../../registry/agents.ts";
import type { SwarmNodeFacts } from "../docker/swarm-nodes.ts";
import type { NodeStatus } from "../status.ts";

/** All that a node knows of itself and others at one moment. */
export interface NodeKnowledge {
  readonly own: Announcement;
  /** As the catalog last said. */
  readonly agents: readonly KnownAgent[];
  /** Nodes with workloads in the catalog. */
  readonly working: ReadonlySet<string>;
  /** By name; undefined on nodes that are no managers. */
  readonly swarm: ReadonlyMap<string, SwarmNodeFacts> | undefined;
}

/** Every node that has, or should have, an agent. Sorted by name. */
export function assessNodes(knowledge: NodeKnowledge): readonly NodeStatus[] {
  const { own, agents, working, swarm } = knowledge;
  const announced = new Map<string, KnownAgent>(agents.map((agent) => [agent.node, agent]));
  announced.set(own.node, { ...own, hearing: "heard" });
  const names = new Set([...announced.keys(), ...working, ...(swarm?.keys() ?? [])]);
  return [...names]
    .sort()
    .map((name) => assess(name, announced.get(name), swarm?.get(name), working.has(name)))
    .filter((node) => node !== undefined);
}

/** Undefined for a node of the swarm that is not meant to be part of the mesh. */
function assess(
  node: string,
  agent: KnownAgent | undefined,
  facts: SwarmNodeFacts | undefined,
  isWorking: boolean,
): NodeStatus | undefined {
  const said = {
    node,
    agentVersion: agent?.version,
    sidecarVersions: agent?.sidecarVersions ?? [],
  };
  if (agent?.hearing === "heard") return { ...said, agent: "ready" };
  if (agent?.hearing === "lost") return { ...said, agent: "lost" };
  if (facts !== undefined && lacksAgent(facts)) return { ...said, agent: "absent" };
  if (agent !== undefined) return { ...said, agent: "silent" };
  // Of a node that is down Swarm goes on saying what ran there.
  const isThere = isWorking || (facts?.isInUse === true && facts.agent?.isRunning === true);
  return isThere ? { ...said, agent: "unknown" } : undefined;
}

/** Whether Swarm should run an agent there, or runs workloads without one, and does not. */
function lacksAgent({ isInUse, agent, labelled }: SwarmNodeFacts): boolean {
  if (!isInUse) return false;
  return agent === undefined ? labelled.length > 0 : !agent.isRunning;
}
