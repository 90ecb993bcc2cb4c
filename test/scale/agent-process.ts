// The agent of the image in a process of its own. It gets what its container would give it from a mount namespace: its
// directories, and the file from whose mount it learns its container's id. Needs root, or user namespaces.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const CLOCK_TICKS = 100;

export interface AgentProcessOptions {
  /** For everything that the agent leaves behind. */
  readonly folder: string;
  /** The program: the image's bundle, or the source. */
  readonly program: string;
  readonly containerId: string;
  readonly engineSocket: string;
  readonly consulAddress: string;
  readonly nodeFlags: readonly string[];
  /** What its container's environment has besides. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Processor time and memory of a process at one moment. */
export interface ProcessUse {
  /** Since its start, s. */
  readonly processorSeconds: number;
  readonly residentBytes: number;
  /** Of those, what no file backs: the pages of Node's program are there once for all processes of a node. */
  readonly ownBytes: number;
  readonly peakResidentBytes: number;
}

export class AgentProcess implements AsyncDisposable {
  /** Where sidecars reach it, from outside its namespace. */
  readonly socket: string;
  readonly log: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, log: string, child: ChildProcess) {
    this.socket = join(folder, "run", "agent.sock");
    this.log = log;
    this.#child = child;
  }

  static async start(options: AgentProcessOptions): Promise<AgentProcess> {
    const { folder, containerId, program, nodeFlags } = options;
    const container = join(folder, "containers", containerId);
    for (const path of [join(folder, "run"), join(folder, "state"), container])
      await mkdir(path, { recursive: true });
    await writeFile(join(container, "hostname"), "agent\n");
    const log = join(folder, "agent.log");
    const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
    const child = spawn(
      "unshare",
      [...user, "--mount", "--propagation", "private", "sh", "-euc", SET_UP, "agent"].concat(
        process.execPath,
        nodeFlags,
        program,
      ),
      {
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          PATH: process.env["PATH"],
          FOLDER: folder,
          CONTAINER: container,
          DOCKER_HOST: `unix://${options.engineSocket}`,
          MESH_CONSUL_ADDRESS: options.consulAddress,
          ...options.environment,
        },
      },
    );
    const file = createWriteStream(log);
    child.stdout.pipe(file, { end: false });
    child.stderr.pipe(file, { end: false });
    await once(child, "spawn");
    return new AgentProcess(folder, log, child);
  }

  /** Throws when the agent has ended. */
  async use(): Promise<ProcessUse> {
    const { pid, exitCode } = this.#child;
    if (exitCode !== null) throw new Error(`the agent ended: ${await readFile(this.log, "utf8")}`);
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name before may hold anything; after it come state and 10 numbers, then the times.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const bytes = (name: string): number =>
      Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1_024;
    return {
      processorSeconds: (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS,
      residentBytes: bytes("VmRSS"),
      ownBytes: bytes("RssAnon"),
      peakResidentBytes: bytes("VmHWM"),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(timer);
  }
}

/** In the agent's own namespace; what it mounts goes with it. */
const SET_UP = `
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib
mkdir -p /run/mesh /run/docker-mesh /var/lib/mesh
touch /run/hostname
mount --bind "$FOLDER/run" /run/mesh
mount --bind "$FOLDER/state" /var/lib/mesh
mount --bind "$CONTAINER/hostname" /run/hostname
exec "$@"
`;
