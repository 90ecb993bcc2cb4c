// Which Compose projects ask for the mesh by a provider service, and who else uses it: what decides whether it goes with a
// project. Each project's wish is written down as a volume, which any client of the engine can make, see and remove by name.
import type Docker from "dockerode";

const ASKER_LABEL = "docker-mesh.asked-by";
const PROJECT = "com.docker.compose.project";

/** A project that asks has no containers before it is up: so long it counts all the same, ms. */
const STARTING = 10 * 60_000;

/** Writes down that the project wants the mesh; false when that was known. */
export async function recordAsker(
  docker: Docker,
  project: string,
  signal: AbortSignal,
): Promise<boolean> {
  const known = await recorded(docker, signal);
  if (known.some((volume) => volume.project === project)) return false;
  const options = { Name: volumeOf(project), Labels: { [ASKER_LABEL]: project } };
  await docker.createVolume({ ...options, abortSignal: signal } as Docker.VolumeCreateOptions);
  return true;
}

/** Nothing where it was not known. */
export async function forgetAsker(
  docker: Docker,
  project: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await docker.getVolume(volumeOf(project)).remove({ abortSignal: signal });
  } catch (error) {
    if ((error as { readonly statusCode?: number }).statusCode !== 404) throw error;
  }
}

/** The mesh is gone, whoever had asked for it. */
export async function forgetAllAskers(docker: Docker, signal: AbortSignal): Promise<void> {
  for (const { project } of await recorded(docker, signal))
    await forgetAsker(docker, project, signal);
}

/**
 * Names of the projects besides this one that still need the mesh: those that ask and are there, or are just starting, and those whose
 * containers are labelled. Of what is gone the record goes, too: nobody tells of a `docker compose down` without its file.
 */
export async function otherUsers(
  docker: Docker,
  project: string,
  now: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const containers = await docker.listContainers({ all: true, abortSignal: signal });
  const labelled = containers.filter(({ Labels }) => Labels?.["mesh.enable"] === "true");
  const users = new Set(labelled.map(({ Labels, Names }) => Labels[PROJECT] ?? nameOf(Names)));
  for (const { project: asker, createdAt } of await recorded(docker, signal)) {
    const isThere = containers.some(({ Labels }) => Labels?.[PROJECT] === asker);
    if (isThere || now - createdAt < STARTING) users.add(asker);
    else await forgetAsker(docker, asker, signal);
  }
  users.delete(project);
  return [...users].sort();
}

function nameOf(names: readonly string[]): string {
  return names[0]?.replace(/^\//, "") ?? "";
}

interface RecordedAsker {
  readonly project: string;
  /** Wall clock of the engine, ms. */
  readonly createdAt: number;
}

async function recorded(docker: Docker, signal: AbortSignal): Promise<readonly RecordedAsker[]> {
  const options = { filters: { label: [ASKER_LABEL] }, abortSignal: signal };
  const { Volumes } = await docker.listVolumes(options as Docker.VolumeListOptions);
  return (Volumes ?? []).flatMap((volume) => {
    const project = volume.Labels?.[ASKER_LABEL];
    const { CreatedAt } = volume as { readonly CreatedAt?: string };
    return project === undefined ? [] : { project, createdAt: Date.parse(CreatedAt ?? "") || 0 };
  });
}

function volumeOf(project: string): string {
  return `docker-mesh-asked-by-${project}`;
}
