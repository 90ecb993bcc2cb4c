// Where the set-up keeps its things and what they are called. Reads the environment once; decides nothing.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** What a run is for: the mesh that a user starts, or one that tests make and take away. */
export type Purpose = "mesh" | "test";

export interface Settings {
  /** The root of the clone. */
  readonly project: string;
  /** The tag of the images made from this clone; tests have one of their own and leave a running mesh's alone. */
  readonly tag: string;
  /** Downloads and unpacked packages; safe to delete, filled again on demand. */
  readonly cache: string;
  /** What this machine must remember until everything is taken away again. */
  readonly state: string;
  /** The Docker CLI's own configuration directory. */
  readonly dockerConfiguration: string;
}

/** The settings of this clone for this user. */
export function readSettings(
  purpose: Purpose,
  environment: NodeJS.ProcessEnv = process.env,
): Settings {
  const project = join(import.meta.dirname, "..");
  const state = environment["MESH_STATE_DIRECTORY"] || defaultStateDirectory(environment);
  return {
    project,
    tag: purpose === "test" ? "test" : readVersion(project),
    cache: join(project, "node_modules", ".cache", "docker-mesh"),
    state: purpose === "test" ? `${state}-test` : state,
    dockerConfiguration: environment["DOCKER_CONFIG"] || join(homedir(), ".docker"),
  };
}

function readVersion(project: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  if (typeof manifest === "object" && manifest !== null && "version" in manifest) {
    return String(manifest.version);
  }
  throw new Error("expected package.json to have a version, found none");
}

function defaultStateDirectory(environment: NodeJS.ProcessEnv): string {
  if (process.getuid?.() === 0) return "/var/lib/docker-mesh";
  return join(environment["XDG_STATE_HOME"] || join(homedir(), ".local", "state"), "docker-mesh");
}
