// Taking away an engine of our own with everything it holds.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { attempt } from "../command.ts";
import type { Settings } from "../settings.ts";
import { readState, updateState } from "../state.ts";
import { daemonPaths } from "./daemon-paths.ts";
import { askEngine } from "./find.ts";
import { endDaemon, removeDaemonFiles } from "./leftovers.ts";
import { removeNetworkTraces } from "./network-traces.ts";

/** Stops the recorded engine and removes its data, and its traces in the network where there were none before. */
export async function removeEngine(settings: Settings): Promise<boolean> {
  const { engine } = await readState(settings.state);
  if (engine === undefined) return false;
  const paths = daemonPaths(join(settings.state, "engine"));
  const bridges = engine.networkWasClean ? await ownBridges() : [];
  await endDaemon(paths);
  await removeDaemonFiles(paths);
  const answering = await askEngine(engine.socket).catch(() => undefined);
  if (answering === undefined) await rm(engine.socket, { force: true });
  if (engine.networkWasClean && answering === undefined) await removeNetworkTraces(bridges);
  await updateState(settings.state, (state) => ({ ...state, engine: undefined }));
  return true;
}

/** The bridges of networks in the addresses that only engines of ours hand out. */
async function ownBridges(): Promise<readonly string[]> {
  const { stdout } = await attempt("ip", ["-oneline", "-4", "address", "show"]);
  return stdout
    .split("\n")
    .flatMap((line) => /^\d+: (br-[0-9a-f]{12})\s+inet 198\.1[89]\./.exec(line)?.[1] ?? []);
}
