// An engine in a network namespace of its own, so that its bridges, firewall and published ports meet no other engine's.
// Tests run inside the namespace too.
import { join } from "node:path";
import { attempt, run } from "../command.ts";
import { startDaemon } from "../engine/daemon.ts";
import { daemonPaths } from "../engine/daemon-paths.ts";
import { docker } from "../engine/docker.ts";
import type { Engine } from "../engine/find.ts";
import { endDaemon, removeDaemonFiles } from "../engine/leftovers.ts";
import { placeEngine, removePlace } from "../engine/placement.ts";
import type { Settings } from "../settings.ts";

export interface NamespacedEngine extends Engine {
  /** A program with parameters that runs another one inside the namespace. */
  readonly enter: readonly string[];
}

/**
 * Starts an engine of that name in its namespace, after removing what an earlier run may have left of it. `binaries`:
 * folders with dockerd and containerd that come before the machine's.
 */
export async function startInNamespace(
  settings: Settings,
  name: string,
  binaries: readonly string[] = [],
): Promise<NamespacedEngine> {
  await removeNamespace(settings, name);
  const namespace = namespaceOf(name);
  await run("ip", ["netns", "add", namespace]);
  const enter = ["nsenter", `--net=/run/netns/${namespace}`, "--"];
  await run("nsenter", [...enter.slice(1), "ip", "link", "set", "lo", "up"]);
  const directory = directoryOf(settings, name);
  const place = await placeEngine(settings, name);
  const engine = await startDaemon(daemonPaths(directory), join(directory, "run", "docker.sock"), {
    wrapper: [...place.wrapper, ...enter],
    configuration: place.configuration,
    binaries,
  });
  return { ...engine, enter };
}

/** Saves images to a file and loads them into an engine. */
export async function saveImages(images: readonly string[], file: string): Promise<void> {
  await docker(["save", "--output", file, ...images]);
}

/** Loads saved images into an engine. */
export async function loadImages(engine: Engine, file: string): Promise<void> {
  await docker(["--host", `unix://${engine.socket}`, "load", "--input", file]);
}

/** Ends the engine of that name and removes its data and its namespace. Safe to repeat. */
export async function removeNamespace(settings: Settings, name: string): Promise<void> {
  const paths = daemonPaths(directoryOf(settings, name));
  await endDaemon(paths);
  await removeDaemonFiles(paths);
  await removePlace(settings, name);
  await attempt("ip", ["netns", "delete", namespaceOf(name)]);
}

function directoryOf(settings: Settings, name: string): string {
  return join(settings.state, `engine-${name}`);
}

function namespaceOf(name: string): string {
  return `docker-mesh-${name}`;
}
