// Where an engine of our own stands among the machine's processes. An init system gives the engine and each container a
// cgroup; then a container competes for the processors as one with all that the engine does. Without, it competes with each
// thread of each process of the engine: while four containers were stopped at once, all others stood still for 0.3 s.
import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { Settings } from "../settings.ts";
import { makeCgroup, removeCgroup, weigh } from "./cgroup.ts";
import type { DaemonOptions } from "./daemon.ts";

/** It arranges cgroups itself, and wants nobody else to. */
const SYSTEMD = "/run/systemd/system";
/** The engine and its containers together, in processes: about as many as there are containers in a busy test. */
const WEIGHT = 16;

/** Makes cgroups for an engine of that name; nothing where they are the init system's, or cannot be made. */
export async function placeEngine(
  settings: Settings,
  name: string,
): Promise<Required<Pick<DaemonOptions, "wrapper" | "configuration">>> {
  const path = pathOf(settings, name);
  try {
    if (existsSync(SYSTEMD)) return { wrapper: [], configuration: {} };
    const wrapper = await makeCgroup(path);
    await weigh(path, WEIGHT);
    const options = ["native.cgroupdriver=cgroupfs"];
    return { wrapper, configuration: { "cgroup-parent": path, "exec-opts": options } };
  } catch {
    // A container's root, for one, may not be divided.
    return { wrapper: [], configuration: {} };
  }
}

/** Removes them. Nothing of the engine may run any more. */
export async function removePlace(settings: Settings, name: string): Promise<void> {
  await removeCgroup(pathOf(settings, name));
}

function pathOf({ state }: Settings, name: string): string {
  return `/${basename(state)}-${name}`;
}
