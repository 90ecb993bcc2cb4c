// A machine as far as an engine can tell: a process tree with a network, a host name, mounts and process ids of its
// own. Nothing of it has a name outside, so that all of it is gone with its first process, however that ends.
import { spawn } from "node:child_process";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { lastLines, SetupError } from "../command.ts";
import { endProcesses, listProcesses, type Process } from "../engine/processes.ts";

/** Marks a machine's first process in its command line; the word after it is the machine's directory. */
const MARK = "docker-mesh-machine";
const START_MS = 10_000;
const POLL_MS = 10;

/**
 * What the first process does. /run is the machine's own, so that its engine's socket lies where every machine has it;
 * /sys shows its own links. A shell that waits takes in orphans, as the first process of a machine must.
 */
const FIRST_PROCESS = `set -e
hostname "$2"
ip link set lo up
mount --bind "$1/run" /run
mount -t proc proc /proc
mount --rbind /sys/fs/cgroup "$1/sys"
mount -t sysfs sysfs /sys
mount --rbind "$1/sys" /sys/fs/cgroup
umount --lazy "$1/sys"
touch "$1/up"
while :; do sleep 86400 & wait; done`;

/** What a machine that was switched off has forgotten; `exec` is its engine's part of /run. */
const VOLATILE = ["run", "exec", "sys"] as const;

/** Starts a machine whose files lie in that directory. Throws SetupError when the kernel does not let us. */
export async function startMachine(directory: string, name: string): Promise<void> {
  for (const folder of VOLATILE) {
    await rm(join(directory, folder), { recursive: true, force: true });
    await mkdir(join(directory, folder), { recursive: true, mode: 0o755 });
  }
  await rm(join(directory, "up"), { force: true });
  const log = await open(join(directory, "machine.log"), "w");
  const namespaces = ["--net", "--uts", "--mount", "--pid", "--ipc"];
  const child = spawn(
    "unshare",
    [
      ...[...namespaces, "--propagation", "private", "--fork", "--kill-child"],
      ...["sh", "-c", FIRST_PROCESS, MARK, directory, name],
    ],
    { detached: true, stdio: ["ignore", log.fd, log.fd], cwd: "/" },
  );
  let ended = false;
  for (const event of ["exit", "error"]) {
    child.once(event, () => {
      ended = true;
    });
  }
  child.unref();
  await log.close();
  const deadline = performance.now() + START_MS;
  while (!ended && performance.now() < deadline) {
    if ((await readFile(join(directory, "up")).catch(() => undefined)) !== undefined) return;
    await delay(POLL_MS);
  }
  const words = await readFile(join(directory, "machine.log"), "utf8").catch(() => "");
  throw new SetupError(
    `expected to start the machine ${name} in namespaces of its own, but it ended:\n${lastLines(words)}\n` +
      "  That takes root, or in a container --privileged",
  );
}

/** The first process of the machine in that directory, as this host numbers it; undefined when the machine is off. */
export async function findMachine(directory: string): Promise<number | undefined> {
  const processes = await machineProcesses(directory);
  return processes.find(({ words }) => basename(words[0] ?? "") === "sh")?.pid;
}

/** Takes the power away: every process of the machine ends at once, its mounts and its network go with it. */
export async function endMachine(directory: string): Promise<void> {
  await endProcesses(await machineProcesses(directory), 0);
}

/** Ends every machine whose directory lies beneath that one, also where the directory itself is gone. */
export async function endMachinesBeneath(directory: string): Promise<void> {
  const machines = (await listProcesses()).filter((process) =>
    directoryOf(process)?.startsWith(`${directory}/`),
  );
  await endProcesses(machines, 0);
}

/** A program with parameters that runs another one inside the machine with that first process. */
export function enterMachine(pid: number): readonly string[] {
  return ["nsenter", `--target=${pid}`, "--net", "--uts", "--mount", "--pid", "--ipc", "--"];
}

async function machineProcesses(directory: string): Promise<readonly Process[]> {
  return (await listProcesses()).filter((process) => directoryOf(process) === directory);
}

/** The directory of the machine whose first process this is, or that process's parent. */
function directoryOf({ words }: Process): string | undefined {
  const mark = words.indexOf(MARK);
  return mark > 0 ? words[mark + 1] : undefined;
}
