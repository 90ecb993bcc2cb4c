// What is wrong with the nodes of the mesh, each with what to do about it. Pure.
import type { SwarmNodeFacts } from "../docker/swarm-nodes.ts";
import type { NodeStatus, Problem } from "../status.ts";

/** Nodes named in one sentence at most. */
const MOST_NAMED = 8;

export interface NodeProblemParts {
  readonly nodes: readonly NodeStatus[];
  readonly swarm: ReadonlyMap<string, SwarmNodeFacts> | undefined;
  /** Of what passes by itself as a rule (see {@link passing}), what has lasted. */
  readonly lasting: ReadonlySet<string>;
  /** Swarm's name of the service of the agents, where they are one. */
  readonly agentService: string | undefined;
}

/** What is so for a moment whenever an agent starts or its sidecars are replaced, as keys of `lasting`. */
export function passing(
  nodes: readonly NodeStatus[],
  swarm: NodeProblemParts["swarm"],
): readonly string[] {
  return nodes.flatMap((node) => {
    const error = swarm?.get(node.node)?.agent?.error ?? "";
    const isStarting = node.agent === "unknown" || (node.agent === "absent" && error === "");
    return [
      ...(isStarting ? [agentKey(node)] : []),
      ...(strayVersions(node).length > 0 ? [sidecarKey(node)] : []),
    ];
  });
}

export function nodeProblems(parts: NodeProblemParts): readonly Problem[] {
  const each = parts.nodes.flatMap((node) => {
    if (node.agent === "silent") return [silent(node, parts)];
    if (node.agent === "lost") return [lost(node)];
    return node.agent === "absent" ? absent(node, parts) : [];
  });
  return [...versions(parts), ...each];
}

const agentKey = ({ node }: NodeStatus): string => `agent ${node}`;
const sidecarKey = ({ node }: NodeStatus): string => `sidecars ${node}`;

/** Versions of the node's sidecars that are not its agent's. */
function strayVersions({ agentVersion, sidecarVersions }: NodeStatus): readonly string[] {
  return agentVersion === undefined ? [] : sidecarVersions.filter((each) => each !== agentVersion);
}

function versions({ nodes, lasting, agentService }: NodeProblemParts): readonly Problem[] {
  const alive = nodes.filter(({ agent }) => agent === "ready" || agent === "silent");
  const untold = nodes.filter((node) => node.agent === "unknown" && lasting.has(agentKey(node)));
  const agents = Map.groupBy([...alive, ...untold], ({ agentVersion }) => agentVersion ?? "");
  const strays = Map.groupBy(
    alive
      .filter((node) => lasting.has(sidecarKey(node)))
      .flatMap((node) => strayVersions(node).map((version) => ({ ...node, version }))),
    ({ version }) => version,
  );
  if (agents.size <= 1 && strays.size === 0 && untold.length === 0) return [];
  const found = [...listed("agents", agents), ...listed("sidecars", strays)].join(", ");
  const message =
    `expected one version of the mesh on all nodes, found ${found}. They serve each other, but what only the newer one ` +
    `can do does not count everywhere: give these nodes the newer image, then ${startAnew(agentService)}`;
  return [{ subject: "mesh", code: "VERSION_MISMATCH", message }];
}

function listed(
  what: string,
  groups: ReadonlyMap<string, readonly { readonly node: string }[]>,
): readonly string[] {
  return [...groups]
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .map(([version, nodes]) => {
      const kind =
        version === "" ? `${what} that tell no version, as old ones do,` : `${what} of ${version}`;
      return `${kind} on ${enumerate(nodes.map(({ node }) => node))}`;
    });
}

function startAnew(agentService: string | undefined): string {
  return agentService === undefined
    ? "`docker mesh up` there"
    : `\`docker service update --force ${agentService}\` on a manager; \`docker service ps ${agentService}\` shows what holds it up`;
}

function silent({ node, agentVersion }: NodeStatus, { agentService }: NodeProblemParts): Problem {
  const look =
    agentService === undefined
      ? "`docker compose -f compose/mesh.yaml logs agent` there"
      : `\`docker service ps --no-trunc ${agentService}\` on a manager`;
  const message =
    `expected the agent of node ${node} (${agentVersion ?? "of unknown version"}) to announce itself, but nothing was heard of it for 30 s: ` +
    `sidecars there go on with what they have, what starts there joins when it is back; see ${look}`;
  return { subject: node, code: "AGENT_UNAVAILABLE", message };
}

function lost({ node }: NodeStatus): Problem {
  const message =
    `Consul hears nothing of node ${node}: expected its Consul agent to reach the others. Its sidecars go on with what they have, and ` +
    "after some seconds calls to its workloads go elsewhere; where its Consul agent has only been restarted, it is heard again within a " +
    "minute, and nothing changes. If it is up: ports 7946 (TCP and UDP) and 4789 (UDP) must be open between the nodes, " +
    `and its Consul agent must run; if it is gone for good: \`consul force-leave ${node}\` in a container of Consul's`;
  return { subject: node, code: "NODE_LOST", message };
}

function absent(node: NodeStatus, { swarm, lasting }: NodeProblemParts): readonly Problem[] {
  const facts = swarm?.get(node.node);
  if (facts === undefined) return [];
  const { agent, labelled } = facts;
  if (!agent?.error && !lasting.has(agentKey(node))) return [];
  const outside =
    labelled.length === 0
      ? ""
      : ` While that is so nobody calls what runs there of ${enumerate(labelled)}, and what starts there calls past the mesh.`;
  const message = `expected an agent of the mesh on node ${node.node}, found ${whyAbsent(agent)}.${outside} ${cureOf(agent)}`;
  return [{ subject: node.node, code: "AGENT_UNAVAILABLE", message }];
}

function whyAbsent(agent: SwarmNodeFacts["agent"]): string {
  if (agent === undefined) return "no service that is to start one there";
  return agent.error === ""
    ? `none that runs, though ${agent.service} is to start one`
    : `none that runs: Docker says ${JSON.stringify(agent.error)} of ${agent.service}`;
}

function cureOf(agent: SwarmNodeFacts["agent"]): string {
  if (agent === undefined)
    return "Deploy compose/stack.yaml without a placement that leaves the node out";
  const history = `\`docker service ps --no-trunc ${agent.service}\` shows each try`;
  if (!/no such image|pull access|manifest|not found/i.test(agent.error))
    return `Swarm tries again by itself; ${history}, and \`docker service logs ${agent.service}\` what it said`;
  return `Give the node the image ${agent.image} (\`docker pull\` or \`docker load\` there), Swarm tries again by itself; ${history}`;
}

function enumerate(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).join(", ");
  return names.length > MOST_NAMED ? `${shown} and ${names.length - MOST_NAMED} more` : shown;
}
