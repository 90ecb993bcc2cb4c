// Processes of this machine as /proc shows them. Whoever is to be signalled is first known by its command line, since a
// process id alone may long belong to somebody else.
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 50;

export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** The command line; empty for a kernel thread or a zombie. */
  readonly words: readonly string[];
}

/** Every process there is now. */
export async function listProcesses(): Promise<readonly Process[]> {
  const names = await readdir("/proc");
  const processes = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map(readProcess));
  return processes.filter((process) => process !== undefined);
}

/** Asks processes to end, and ends those that have not after the grace time (ms). Resolves once all are gone. */
export async function endProcesses(processes: readonly Process[], grace: number): Promise<void> {
  for (const { pid } of processes) signal(pid, "SIGTERM");
  if (await areGone(processes, grace)) return;
  for (const process of processes) {
    if (await isStill(process)) signal(process.pid, "SIGKILL");
  }
  await areGone(processes, 5_000);
}

async function areGone(processes: readonly Process[], within: number): Promise<boolean> {
  const deadline = performance.now() + within;
  while (true) {
    const alive = await Promise.all(processes.map(isStill));
    if (!alive.includes(true)) return true;
    if (performance.now() > deadline) return false;
    await delay(POLL_MS);
  }
}

async function isStill({ pid, words }: Process): Promise<boolean> {
  const now = await readProcess(String(pid));
  return now !== undefined && now.words.length > 0 && now.words.join("\0") === words.join("\0");
}

async function readProcess(name: string): Promise<Process | undefined> {
  try {
    const words = (await readFile(`/proc/${name}/cmdline`, "utf8")).split("\0");
    const status = await readFile(`/proc/${name}/status`, "utf8");
    const parent = Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
    return { pid: Number(name), parent, words: words.slice(0, -1) };
  } catch {
    return undefined;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
