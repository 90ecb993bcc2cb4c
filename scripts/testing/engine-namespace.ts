// An engine of a chosen release in a network namespace of its own, so that its bridges, firewall and published ports
// meet no other engine's. Tests run inside the namespace too.
import { join } from "node:path";
import { attempt, run, SetupError } from "../command.ts";
import { startDaemon } from "../engine/daemon.ts";
import { daemonPaths } from "../engine/daemon-paths.ts";
import { docker } from "../engine/docker.ts";
import type { Engine } from "../engine/find.ts";
import { endDaemon, removeDaemonFiles } from "../engine/leftovers.ts";
import { type EngineRelease, unpackRelease } from "../engine/release.ts";
import type { Settings } from "../settings.ts";

export interface NamespacedEngine extends Engine {
  /** A program with parameters that runs another one inside the namespace. */
  readonly enter: readonly string[];
}

/** Starts the release in its namespace, after removing what an earlier run may have left of it. */
export async function startInNamespace(
  settings: Settings,
  release: EngineRelease,
): Promise<NamespacedEngine> {
  const binaries = await unpackRelease(settings.cache, release);
  await removeNamespace(settings, release);
  const name = namespaceOf(release);
  await run("ip", ["netns", "add", name]);
  const enter = ["nsenter", `--net=/run/netns/${name}`, "--"];
  await run("nsenter", [...enter.slice(1), "ip", "link", "set", "lo", "up"]);
  const directory = directoryOf(settings, release);
  const engine = await startDaemon(daemonPaths(directory), join(directory, "run", "docker.sock"), {
    wrapper: enter,
    binaries,
  });
  if (!engine.version.startsWith(`${release.version}.`)) {
    throw new SetupError(
      `expected Debian's ${release.suite} to carry Docker Engine ${release.version}, found ${engine.version}`,
    );
  }
  return { ...engine, enter };
}

/** Loads saved images into an engine. */
export async function loadImages(engine: Engine, file: string): Promise<void> {
  await docker(["--host", `unix://${engine.socket}`, "load", "--input", file]);
}

/** Ends the release's engine and removes its data and its namespace. Safe to repeat. */
export async function removeNamespace(settings: Settings, release: EngineRelease): Promise<void> {
  const paths = daemonPaths(directoryOf(settings, release));
  await endDaemon(paths);
  await removeDaemonFiles(paths);
  await attempt("ip", ["netns", "delete", namespaceOf(release)]);
}

function directoryOf(settings: Settings, { version }: EngineRelease): string {
  return join(settings.state, `engine-${version}`);
}

function namespaceOf({ version }: EngineRelease): string {
  return `docker-mesh-${version}`;
}
