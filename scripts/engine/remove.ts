// Taking away an engine of our own with everything it holds.
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Settings } from "../settings.ts";
import { readState, updateState } from "../state.ts";
import { type DaemonPaths, daemonPaths } from "./daemon-paths.ts";
import { askEngine } from "./find.ts";
import { endDaemon, removeDaemonFiles } from "./leftovers.ts";
import { restoreNetwork } from "./network-traces.ts";
import { removePlace } from "./placement.ts";

/** Whether an engine was started here, or was about to be. */
export async function hasEngine(settings: Settings): Promise<boolean> {
  const { engine } = await readState(settings.state);
  return engine !== undefined || existsSync(pathsOf(settings).directory);
}

/** Stops the engine that was started here, removes its data, and restores the network as it was recorded. */
export async function removeEngine(settings: Settings): Promise<void> {
  const { engine } = await readState(settings.state);
  const paths = pathsOf(settings);
  await endDaemon(paths);
  await removeDaemonFiles(paths);
  await removePlace(settings, "engine");
  if (engine === undefined) return;
  const answering = await askEngine(engine.socket).catch(() => undefined);
  if (answering === undefined) {
    await rm(engine.socket, { force: true });
    await restoreNetwork(engine.network);
  }
  await updateState(settings.state, (state) => ({ ...state, engine: undefined }));
}

function pathsOf(settings: Settings): DaemonPaths {
  return daemonPaths(join(settings.state, "engine"));
}
