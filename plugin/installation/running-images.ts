// Which images a mesh runs on an engine: its agent's, and those of the sidecars that the agent has made.
import type Docker from "dockerode";
import { OWN_LABELS } from "../docker/container-facts.ts";

export interface Running {
  /** Undefined where there is none, running or not. */
  readonly agent: { readonly name: string; readonly id: string } | undefined;
  /** The id of each running sidecar's image. */
  readonly sidecars: readonly string[];
}

export async function runningImages(
  docker: Docker,
  project: string,
  signal: AbortSignal,
): Promise<Running> {
  const options = { abortSignal: signal };
  const [agents, sidecars] = await Promise.all([
    docker.listContainers({
      ...{ ...options, all: true },
      filters: {
        label: [`${OWN_LABELS.role}=agent`, `com.docker.compose.project=${project}`],
      },
    }),
    docker.listContainers({ ...options, filters: { label: [`${OWN_LABELS.role}=sidecar`] } }),
  ]);
  const agent = agents.toSorted((a, b) => b.Created - a.Created)[0];
  return {
    agent: agent && { name: agent.Image, id: agent.ImageID },
    sidecars: sidecars.map(({ ImageID }) => ImageID),
  };
}
