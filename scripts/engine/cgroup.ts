// The cgroups of engines that are started here: one for the engine's own processes, and beside it one for each of its
// containers, as init systems arrange them. They hold one engine's containers apart from another's, and let all that an
// engine runs be slowed down. Both versions of cgroups are served.
import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const PERIOD_MICROSECONDS = 20_000;
const REMOVE_ATTEMPTS = 50;
const REMOVE_POLL_MS = 100;
/** What the kernel gives a cgroup, or a process outside of all, that nobody has said anything about; by version. */
const USUAL_WEIGHT = { 1: 1_024, 2: 100 } as const;

/** A program with parameters that joins the cgroup whose file is the last of them, and becomes what follows. */
const JOIN = ["sh", "-c", 'file=$1; shift; echo $$ >"$file" && exec "$@"', "join-cgroup"];

interface Hierarchy {
  readonly root: string;
  readonly version: 1 | 2;
  readonly processor: boolean;
}

/** Makes an engine's cgroup for the processor; returns a program with parameters that joins it and becomes what follows. */
export async function makeCgroup(path: string): Promise<readonly string[]> {
  const { root, version } = await processorHierarchy();
  const leaf = join(root, path, "engine");
  await mkdir(leaf, { recursive: true });
  if (version === 2) {
    for (const folder of [root, join(root, path, ".."), join(root, path)]) {
      await writeFile(join(folder, "cgroup.subtree_control"), "+cpu");
    }
  }
  return [...JOIN, join(leaf, "cgroup.procs")];
}

/** Gives everything in a cgroup together as much of the processors, where they are short, as so many processes outside of it. */
export async function weigh(path: string, processes: number): Promise<void> {
  const { root, version } = await processorHierarchy();
  const file = version === 2 ? "cpu.weight" : "cpu.shares";
  await writeFile(join(root, path, file), String(USUAL_WEIGHT[version] * processes));
}

/** Gives everything in a cgroup at most that many processors' time; undefined lifts the limit. */
export async function limitProcessors(path: string, processors: number | undefined): Promise<void> {
  const { root, version } = await processorHierarchy();
  const quota = processors === undefined ? undefined : Math.round(processors * PERIOD_MICROSECONDS);
  if (version === 2) {
    await writeFile(join(root, path, "cpu.max"), `${quota ?? "max"} ${PERIOD_MICROSECONDS}`);
    return;
  }
  await writeFile(join(root, path, "cpu.cfs_period_us"), String(PERIOD_MICROSECONDS));
  await writeFile(join(root, path, "cpu.cfs_quota_us"), String(quota ?? -1));
}

/** Removes a cgroup with all beneath it, in every hierarchy. Nothing may run in it any more. */
export async function removeCgroup(path: string): Promise<void> {
  for (const { root } of parseHierarchies(await readFile("/proc/self/mountinfo", "utf8"))) {
    await removeTree(join(root, path));
  }
}

/** The cgroup hierarchies in the text of a mountinfo file. */
export function parseHierarchies(mountinfo: string): readonly Hierarchy[] {
  return mountinfo.split("\n").flatMap((line): readonly Hierarchy[] => {
    const [mount = "", filesystem = ""] = line.split(" - ");
    const root = mount.split(" ")[4] ?? "";
    const [type, , options = ""] = filesystem.split(" ");
    if (type === "cgroup2") return [{ root, version: 2, processor: true }];
    if (type !== "cgroup") return [];
    return [{ root, version: 1, processor: options.split(",").includes("cpu") }];
  });
}

async function processorHierarchy(): Promise<Hierarchy> {
  const all = parseHierarchies(await readFile("/proc/self/mountinfo", "utf8"));
  const found = all.find(({ version, processor }) => version === 1 && processor);
  const hierarchy = found ?? all.find(({ version }) => version === 2);
  if (hierarchy !== undefined) return hierarchy;
  throw new Error("expected cgroups with the cpu controller to be mounted, found none");
}

/** The kernel lets go of a cgroup a moment after its last process ended. */
async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  }
  for (let count = 1; ; count += 1) {
    try {
      await rmdir(folder);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return;
      if (code !== "EBUSY" || count === REMOVE_ATTEMPTS) throw error;
      await delay(REMOVE_POLL_MS);
    }
  }
}
