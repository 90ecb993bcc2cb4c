// What the agent learns about the container it runs in: its image (which its sidecars run too) and where its socket
// directory comes from (which its sidecars mount too).
import type Docker from "dockerode";
import type { MountConfig } from "dockerode";
import { MeshError } from "../../mesh/errors.ts";
import { OWN_LABELS } from "./container-facts.ts";

export interface OwnContainer {
  readonly id: string;
  /** The image id: sidecars run the very image of their agent. */
  readonly image: string;
  /** The mount of the directory that holds the agent's socket, as a read-only mount for sidecars. */
  readonly socketMount: MountConfig[number];
}

/** An engine that does not answer at the start is as good as none: the agent ends, and is started again. */
const limited = (): { abortSignal: AbortSignal } => ({ abortSignal: AbortSignal.timeout(20_000) });

/** The container's id from the contents of /proc/self/mountinfo: works on cgroup v1 and v2 and with any host name. */
export function readOwnId(mountinfo: string): string | undefined {
  return /\/containers\/([0-9a-f]{64})\/(?:hostname|hosts|resolv\.conf)/.exec(mountinfo)?.[1];
}

/** Throws CONFIGURATION_INVALID when this process is in no container, or has no mount at the socket directory. */
export async function inspectOwnContainer(
  docker: Docker,
  mountinfo: string,
  socketDirectory: string,
): Promise<OwnContainer> {
  const id = readOwnId(mountinfo);
  if (id === undefined) {
    throw new MeshError(
      "CONFIGURATION_INVALID",
      "expected the agent to run in a container: start it with compose/mesh.yaml",
    );
  }
  const inspected = await docker.getContainer(id).inspect(limited());
  const mount = inspected.Mounts.find(({ Destination }) => Destination === socketDirectory);
  if (mount === undefined) {
    throw new MeshError(
      "CONFIGURATION_INVALID",
      `expected a volume mounted at ${socketDirectory} in the agent's container: sidecars reach the agent through it`,
    );
  }
  const named = mount.Type === "volume";
  return {
    id,
    image: inspected.Image,
    socketMount: {
      Type: named ? "volume" : "bind",
      Source: named ? (mount.Name ?? mount.Source) : mount.Source,
      Target: socketDirectory,
      ReadOnly: true,
    },
  };
}

/**
 * Throws CONFIGURATION_INVALID while an older agent runs on the engine: two would take each other's sidecars for leftovers
 * and remove them without end. Of two that start at once the one whose container is older stays.
 */
export async function refuseSecondAgent(docker: Docker, ownId: string): Promise<void> {
  const agents = await docker.listContainers({
    filters: { label: [`${OWN_LABELS.role}=agent`], status: ["running"] },
    ...limited(),
  });
  const own = agents.find(({ Id }) => Id === ownId);
  const older = agents.find(
    ({ Id, Created }) =>
      Id !== ownId &&
      (own === undefined || Created < own.Created || (Created === own.Created && Id < ownId)),
  );
  if (older === undefined) return;
  const name = older.Names[0]?.replace(/^\//, "") ?? older.Id;
  throw new MeshError(
    "CONFIGURATION_INVALID",
    `expected to be the only agent of this engine, found another one in container ${name}: stop one of the two`,
  );
}
