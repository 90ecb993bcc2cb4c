// Whether an engine can speak for a whole swarm, and what to do where it cannot.
import type Docker from "dockerode";
import { MeshError } from "../../mesh/errors.ts";

export interface Manager {
  /** Managers of its swarm, itself included. */
  readonly managers: number;
}

interface SwarmInfo {
  readonly LocalNodeState?: string;
  readonly ControlAvailable?: boolean;
  readonly Managers?: number;
  readonly RemoteManagers?: readonly { readonly Addr?: string }[] | null;
}

/** Throws CONFIGURATION_INVALID where the engine is in no swarm, or not one of its managers. */
export async function requireManager(docker: Docker, signal: AbortSignal): Promise<Manager> {
  // The library takes options here, which its types do not say.
  const asked = docker as unknown as { info(options: object): Promise<{ Swarm?: SwarmInfo }> };
  const { Swarm: swarm = {} } = await asked.info({ abortSignal: signal });
  if (swarm.LocalNodeState !== "active") {
    throw notManager(
      `${swarm.LocalNodeState === "locked" ? "one whose swarm is locked: `docker swarm unlock` first" : "one that is in none: `docker swarm init` makes one"}; ` +
        "without --swarm the mesh of this machine alone is meant",
    );
  }
  if (swarm.ControlAvailable !== true) {
    const known = (swarm.RemoteManagers ?? []).map(({ Addr: address }) => address).filter(Boolean);
    const where = known.length === 0 ? "" : ` (${known.join(", ")})`;
    throw notManager(
      `a worker: run this on a manager${where}, or name one with \`docker --context\` or \`docker --host\``,
    );
  }
  return { managers: swarm.Managers ?? 1 };
}

function notManager(found: string): MeshError {
  return new MeshError(
    "CONFIGURATION_INVALID",
    `expected an engine that manages a swarm, found ${found}`,
  );
}
