// What a manager's engine says of its swarm's services, as far as the mesh cares.
import type { SwarmService } from "../../registry/swarm-services.ts";
import { LABEL_PREFIX } from "../labels/table.ts";

/** On a task's container, written by the engine: the id of its service. */
export const SWARM_SERVICE_ID = "com.docker.swarm.service.id";

/** On a task's container, written by the engine: the name of its service. */
export const SWARM_SERVICE_NAME = "com.docker.swarm.service.name";

/** All services of a swarm at one moment, also those without labels of the mesh. */
export interface ServiceListing {
  readonly swarm: string;
  readonly services: readonly SwarmService[];
}

/** As much of `GET /services` as is read. */
export interface ListedService {
  readonly ID: string;
  readonly Version?: { readonly Index?: number };
  readonly Spec?: {
    readonly Name?: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
  };
}

export function readServices(swarm: string, listed: readonly ListedService[]): ServiceListing {
  const services = listed.map(({ ID: id, Version: version, Spec: spec }) => ({
    id,
    swarm,
    name: spec?.Name ?? id,
    version: version?.Index ?? 0,
    labels: meshLabels(spec?.Labels ?? {}),
  }));
  return { swarm, services };
}

/** In any letter case, since `Mesh.enable` deserves an error message; sorted, so that equal labels are equal texts. */
function meshLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const ours = Object.entries(labels).filter(([name]) =>
    name.toLowerCase().startsWith(LABEL_PREFIX),
  );
  return Object.fromEntries(ours.sort(([a], [b]) => (a < b ? -1 : 1)));
}
