// What the kernel says of running processes: which belong together and what they hold in memory.
import { readdir, readFile, writeFile } from "node:fs/promises";

/** A process and all that it has started, as long as they live. */
export async function processTree(root: number): Promise<number[]> {
  const found = [root];
  for (const process of found) found.push(...(await childrenOf(process)));
  return found;
}

async function childrenOf(process: number): Promise<number[]> {
  const threads = await readdir(`/proc/${process}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) =>
      readFile(`/proc/${process}/task/${thread}/children`, "latin1").catch(() => ""),
    ),
  );
  return lists.flatMap((list) => list.trim().split(" ").filter(Boolean).map(Number));
}

/** Bytes. */
export interface Memory {
  readonly resident: number;
  /** Resident, with what several processes share counted in parts. */
  readonly proportional: number;
  /** What would be free again if this process ended. */
  readonly own: number;
}

export async function memoryOf(process: number): Promise<Memory> {
  const text = await readFile(`/proc/${process}/smaps_rollup`, "latin1");
  return {
    resident: sizeIn(text, "Rss"),
    proportional: sizeIn(text, "Pss"),
    own: sizeIn(text, "Private_Clean") + sizeIn(text, "Private_Dirty"),
  };
}

/** The most that was resident since {@link forgetPeak}, bytes. */
export async function peakOf(process: number): Promise<number> {
  return sizeIn(await readFile(`/proc/${process}/status`, "latin1"), "VmHWM");
}

/** From now on {@link peakOf} tells of what comes. */
export async function forgetPeak(process: number): Promise<void> {
  await writeFile(`/proc/${process}/clear_refs`, "5");
}

/** The value of a line such as `Rss:   12 kB`, in bytes; 0 without one. */
export function sizeIn(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? 0) * 1024;
}
