// The engine of a node's machine.
import { join } from "node:path";
import { SetupError } from "../command.ts";
import { makeCgroup } from "../engine/cgroup.ts";
import { startDaemon } from "../engine/daemon.ts";
import { type DaemonPaths, daemonPaths } from "../engine/daemon-paths.ts";
import type { Engine } from "../engine/find.ts";
import { endDaemon, endDaemonAlone, findDaemon } from "../engine/leftovers.ts";
import { endProcesses } from "../engine/processes.ts";
import { enterMachine, findMachine } from "./machine.ts";
import { nodeDirectory, type Site } from "./site.ts";

/** The engine's socket as this host sees it; inside the machine it is /run/docker.sock. */
export function engineSocket(site: Site, name: string): string {
  return join(nodeDirectory(site, name), "run", "docker.sock");
}

/** The cgroup of all that runs on a node, from the root of each hierarchy. */
export function nodeCgroup(site: Site, name: string): string {
  return `/${site.name}/${name}`;
}

/** A program with parameters that runs another one on the node, as part of it. Throws when its machine is off. */
export async function enterNode(site: Site, name: string): Promise<readonly string[]> {
  const pid = await findMachine(nodeDirectory(site, name));
  if (pid === undefined) {
    throw new SetupError(`expected ${name} to be on, but it is off; start it first`);
  }
  return [...(await makeCgroup(nodeCgroup(site, name))), ...enterMachine(pid)];
}

/** What tells an engine from others: with `liveRestore` its containers outlive it, and it can be in no swarm. */
export interface EngineKind {
  readonly liveRestore: boolean;
}

/** Starts the node's engine, ending one that runs; resolves when it answers. */
export async function startEngine(
  site: Site,
  name: string,
  { liveRestore }: EngineKind = { liveRestore: false },
): Promise<Engine> {
  const wrapper = await enterNode(site, name);
  return await startDaemon(pathsOf(site, name), engineSocket(site, name), {
    wrapper,
    takesOver: liveRestore,
    configuration: {
      "live-restore": liveRestore,
      "cgroup-parent": nodeCgroup(site, name),
      "exec-opts": ["native.cgroupdriver=cgroupfs"],
      "storage-driver": "overlay2",
    },
  });
}

/** Stops the engine as an init system does: containers are stopped first, unless they are to outlive it. */
export async function stopEngine(
  site: Site,
  name: string,
  { liveRestore }: EngineKind = { liveRestore: false },
): Promise<void> {
  if (liveRestore) await endDaemonAlone(pathsOf(site, name));
  else await endDaemon(pathsOf(site, name));
}

/** Ends the engine's process alone, at once; its containers run on. */
export async function crashEngine(site: Site, name: string): Promise<void> {
  const daemon = await findDaemon(pathsOf(site, name));
  if (daemon === undefined) throw new SetupError(`expected an engine on ${name}, found none`);
  process.kill(daemon.pid, "SIGKILL");
  await endProcesses([daemon], 0);
}

function pathsOf(site: Site, name: string): DaemonPaths {
  return daemonPaths(nodeDirectory(site, name));
}
