// Taking away what a run made on an engine: compose projects, sidecars, images. The engine itself is `engine/remove.ts`.
import { attempt } from "./command.ts";
import { dockerLines, IMAGE_LABEL } from "./engine/docker.ts";

const PROJECT_LABEL = "com.docker.compose.project";
const ROLE_LABEL = "docker-mesh.role";
const OWN_REPOSITORIES = "docker-mesh/";
const STOP_SECONDS = 10;

/** Stops and removes the containers, networks and volumes of a compose project, running or half made. */
export async function removeProject(name: string): Promise<void> {
  const filter = ["--filter", `label=${PROJECT_LABEL}=${name}`];
  await removeContainers(await dockerLines(["ps", "--all", "--quiet", ...filter]));
  for (const kind of ["network", "volume"]) {
    const ids = await dockerLines([kind, "ls", "--quiet", ...filter]);
    if (ids.length > 0) await attempt("docker", [kind, "rm", ...ids]);
  }
}

/** Removes every sidecar and init container of the mesh. */
export async function removeSidecars(): Promise<void> {
  for (const role of ["sidecar", "init"]) await removeLabelled(`${ROLE_LABEL}=${role}`);
}

/** Removes the containers that carry a label, with their anonymous volumes. */
export async function removeLabelled(label: string): Promise<void> {
  await removeContainers(
    await dockerLines(["ps", "--all", "--quiet", "--filter", `label=${label}`]),
  );
}

/** Names of running agents that belong to none of these compose projects. */
export async function foreignAgents(projects: RegExp): Promise<readonly string[]> {
  const format = `{{.Names}}\t{{.Label "${PROJECT_LABEL}"}}`;
  const lines = await dockerLines([
    ...["ps", "--filter", `label=${ROLE_LABEL}=agent`, "--format", format],
  ]);
  return lines
    .map((line) => line.split("\t"))
    .filter(([, project = ""]) => !projects.test(project))
    .map(([name = ""]) => name);
}

/** Names of the compose projects that have containers, networks or volumes on the engine. */
export async function composeProjects(): Promise<readonly string[]> {
  const lists = await Promise.all([
    dockerLines(["ps", "--all", "--format", `{{.Label "${PROJECT_LABEL}"}}`]),
    dockerLines(["network", "ls", "--format", `{{.Label "${PROJECT_LABEL}"}}`]),
    dockerLines(["volume", "ls", "--format", `{{.Label "${PROJECT_LABEL}"}}`]),
  ]);
  return [...new Set(lists.flat())].filter((name) => name !== "");
}

/** The images that were made here, by this run or another: by name, or by id where a newer one took the name. */
export async function ownImages(): Promise<readonly string[]> {
  const lines = await dockerLines([
    ...["images", "--no-trunc", "--filter", `label=${IMAGE_LABEL}`],
    ...["--format", "{{.ID}} {{.Repository}}:{{.Tag}}"],
  ]);
  return lines.flatMap((line) => {
    const [id = "", name = ""] = line.split(" ");
    if (name === "<none>:<none>") return id;
    // An image that somebody built on one of ours inherits the label, not the name.
    return name.startsWith(OWN_REPOSITORIES) ? name : [];
  });
}

/** Removes the images that were made here but for those to keep; those in use stay. */
export async function removeOwnImages(keep: readonly string[]): Promise<void> {
  const images = (await ownImages()).filter((image) => !keep.includes(image));
  if (images.length > 0) await attempt("docker", ["rmi", ...images]);
}

/** Removes images by name, unless a container still uses them. */
export async function removeImages(images: readonly string[]): Promise<void> {
  if (images.length > 0) await attempt("docker", ["rmi", ...images]);
}

async function removeContainers(ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await attempt("docker", ["stop", "-t", String(STOP_SECONDS), ...ids]);
  await attempt("docker", ["rm", "--force", "--volumes", ...ids]);
}
