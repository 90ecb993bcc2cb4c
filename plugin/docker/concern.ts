// Which containers are the mesh's business, by their labels alone.
import { LABEL_PREFIX } from "../labels/table.ts";
import { OWN_LABELS } from "./container-facts.ts";
import { SWARM_SERVICE_ID } from "./swarm-facts.ts";

type Labels = Readonly<Record<string, string>>;

/** In any letter case, since `Mesh.enable` deserves an error message. */
export function concernsMesh(labels: Labels): boolean {
  if (labels[SWARM_SERVICE_ID] !== undefined || isOwn(labels)) return true;
  return Object.keys(labels).some((name) => name.toLowerCase().startsWith(LABEL_PREFIX));
}

/** Whether it is a sidecar or an init container, made by an agent or by a user's compose file. */
export function isOwn(labels: Labels): boolean {
  const role = labels[OWN_LABELS.role] ?? labels[OWN_LABELS.explicit];
  return role === "sidecar" || role === "init";
}
