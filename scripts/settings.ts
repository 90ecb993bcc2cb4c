// Where the set-up keeps its things and what they are called. Reads the environment once; decides nothing.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export interface Settings {
  /** The root of the clone. */
  readonly project: string;
  /** The version in package.json; the tag of the images built from this clone. */
  readonly version: string;
  /** Downloads and unpacked packages; safe to delete, filled again on demand. */
  readonly cache: string;
  /** What this machine must remember between `npm start` and `npm stop`. */
  readonly state: string;
  /** The Docker CLI's own configuration directory. */
  readonly dockerConfiguration: string;
}

/** The settings of this clone for this user. */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const project = join(import.meta.dirname, "..");
  const manifest: unknown = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  return {
    project,
    version: versionOf(manifest),
    cache: join(project, "node_modules", ".cache", "docker-mesh"),
    state: environment["MESH_STATE_DIRECTORY"] ?? defaultStateDirectory(environment),
    dockerConfiguration: environment["DOCKER_CONFIG"] ?? join(homedir(), ".docker"),
  };
}

function versionOf(manifest: unknown): string {
  if (typeof manifest === "object" && manifest !== null && "version" in manifest) {
    return String(manifest.version);
  }
  throw new Error("expected package.json to have a version, found none");
}

function defaultStateDirectory(environment: NodeJS.ProcessEnv): string {
  if (process.getuid?.() === 0) return "/var/lib/docker-mesh";
  return join(environment["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state"), "docker-mesh");
}
