// What an engine that was killed leaves behind, found by the paths of its directory alone: processes, mounts, network
// namespaces. Nothing of another engine has such a path.
import { readFile, rm } from "node:fs/promises";
import { basename } from "node:path";
import { attempt } from "../command.ts";
import type { DaemonPaths } from "./daemon-paths.ts";
import { endProcesses, listProcesses, type Process } from "./processes.ts";

const DAEMON_GRACE_MS = 30_000;
const REST_GRACE_MS = 2_000;

/** The dockerd that runs on these paths, if one does. */
export async function findDaemon(paths: DaemonPaths): Promise<Process | undefined> {
  return (await listProcesses()).find((process) => isDaemon(process, paths));
}

/** Whether a process is the dockerd with this very configuration file. */
export function isDaemon({ words }: Process, paths: DaemonPaths): boolean {
  const option = words.indexOf("--config-file");
  return basename(words[0] ?? "") === "dockerd" && option > 0 && words[option + 1] === paths.config;
}

/** The containerd of these paths, its shims, and the processes in their containers. */
export function remainingProcesses(
  processes: readonly Process[],
  paths: DaemonPaths,
): readonly Process[] {
  const roots = processes.filter(({ words }) => {
    const name = basename(words[0] ?? "");
    return name.startsWith("containerd") && words.some((word) => word.startsWith(`${paths.exec}/`));
  });
  const found = new Set(roots);
  for (const parent of found) {
    for (const child of processes) {
      if (child.parent === parent.pid) found.add(child);
    }
  }
  return [...found];
}

/** Ends the dockerd of these paths, first politely; what it leaves running runs on. */
export async function endDaemonAlone(paths: DaemonPaths): Promise<void> {
  const daemon = await findDaemon(paths);
  if (daemon !== undefined) await endProcesses([daemon], DAEMON_GRACE_MS);
}

/** Ends the dockerd of these paths, first politely, and everything it left running. */
export async function endDaemon(paths: DaemonPaths): Promise<void> {
  await endDaemonAlone(paths);
  const rest = remainingProcesses(await listProcesses(), paths);
  if (rest.length > 0) await endProcesses(rest, REST_GRACE_MS);
}

/** Removes the engine's directory with all its data. Nothing may run on it any more. */
export async function removeDaemonFiles(paths: DaemonPaths): Promise<void> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  for (const point of mountPointsBeneath(mounts, paths.directory)) {
    await attempt("umount", ["--lazy", point]);
  }
  await rm(paths.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

/** Mount points at or beneath a directory in the text of a mountinfo file, innermost first. */
export function mountPointsBeneath(mountinfo: string, directory: string): readonly string[] {
  return mountinfo
    .split("\n")
    .map((line) => unescapeOctal(line.split(" ")[4] ?? ""))
    .filter((point) => point === directory || point.startsWith(`${directory}/`))
    .toSorted((a, b) => b.length - a.length);
}

function unescapeOctal(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
