// The compose projects of `npm start`: the mesh and the demo. Each is recorded before it is brought up.
import { basename, dirname, join } from "node:path";
import { SetupError } from "../command.ts";
import { docker, dockerLines } from "../engine/docker.ts";
import type { Settings } from "../settings.ts";
import { type ProjectRecord, readState, updateState } from "../state.ts";
import { writeEnvironmentFile } from "./environment-file.ts";

export type ComposeEnvironment = Readonly<Record<string, string>>;

/** The mesh's own project. */
export function meshProject(settings: Settings): ProjectRecord {
  return { name: "mesh", file: join(settings.project, "compose/mesh.yaml") };
}

/** The demo's project. */
export function demoProject(settings: Settings): ProjectRecord {
  return { name: "shop", file: join(settings.project, "compose/demo/compose.yaml") };
}

/** Where the agent finds the engine: the directory of its socket as the engine sees it, and the socket's name. */
export async function socketEnvironment(socket: string): Promise<ComposeEnvironment> {
  const [system = ""] = await dockerLines(["info", "--format", "{{.OperatingSystem}}"]);
  // Docker Desktop runs its engine in a machine of its own, where the socket is at the usual place.
  const seen = system.startsWith("Docker Desktop") ? "/var/run/docker.sock" : socket;
  return {
    MESH_DOCKER_SOCKET_DIRECTORY: dirname(seen),
    MESH_DOCKER_SOCKET_NAME: basename(seen),
  };
}

/** Brings services of a project up, all of them when none is named. Safe to repeat. */
export async function bringUp(
  settings: Settings,
  project: ProjectRecord,
  environment: ComposeEnvironment,
  services: readonly string[] = [],
): Promise<void> {
  await refuseForeignProject(settings, project);
  await updateState(settings.state, (state) => ({
    ...state,
    projects: [...state.projects.filter(({ name }) => name !== project.name), project],
  }));
  await writeEnvironmentFile(project.file, environment);
  await docker(
    [
      ...["compose", "--ansi", "never", "--project-name", project.name, "--file", project.file],
      ...["up", "--detach", ...services],
    ],
    { environment },
  );
}

/** A project of the same name that somebody made from another file must not be overwritten, or removed later. */
async function refuseForeignProject(settings: Settings, project: ProjectRecord): Promise<void> {
  const { projects } = await readState(settings.state);
  if (projects.some(({ name }) => name === project.name)) return;
  const files = await dockerLines([
    ...["ps", "--all", "--filter", `label=com.docker.compose.project=${project.name}`],
    ...["--format", '{{.Label "com.docker.compose.project.config_files"}}'],
  ]);
  const foreign = files.find((file) => file !== project.file);
  if (foreign === undefined) return;
  throw new SetupError(
    `expected no compose project named ${JSON.stringify(project.name)} on this engine, found one made from ${foreign}; ` +
      "take it down first, or start without the demo: npm start -- --no-demo",
  );
}
