// What a node says of itself to others, and what it knows of them from its own parts.
import { type ContainerFacts, OWN_LABELS, type SidecarFacts } from "../docker/container-facts.ts";
import { SWARM_SERVICE_NAME } from "../docker/swarm-facts.ts";
import type { Directory } from "../sidecars/directory.ts";

export interface LocalNode {
  /** Of the sidecars here, each once, sorted; see {@link SidecarFacts.version}. */
  readonly sidecarVersions: readonly string[];
  /** Nodes with workloads in the catalog. */
  readonly working: ReadonlySet<string>;
  /** Swarm's name of the service that this agent is a task of. */
  readonly agentService: string | undefined;
}

export interface LocalSources {
  readonly sidecars: readonly Pick<SidecarFacts, "role" | "version">[];
  readonly containers: readonly Pick<ContainerFacts, "labels">[];
}

/** The agent itself is among the containers where it is a task of Swarm's. */
export function localNode(
  { sidecars, containers }: LocalSources,
  { directory }: { readonly directory: Directory },
): LocalNode {
  const versions = sidecars.filter(({ role }) => role === "sidecar").map(({ version }) => version);
  const nodes = directory.services.flatMap(({ entries }) =>
    entries.map(({ instance }) => instance.node),
  );
  const agent = containers.find(({ labels }) => labels[OWN_LABELS.role] === "agent");
  return {
    sidecarVersions: [...new Set(versions)].sort(),
    working: new Set(nodes),
    agentService: agent?.labels[SWARM_SERVICE_NAME],
  };
}
