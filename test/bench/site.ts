// Where one subject lives while it is measured: a folder for its files, ports, and its processes on the proxies' core.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { lastLines, SetupError } from "../../scripts/command.ts";
import { eventually } from "../helpers/eventually.ts";
import type { CertificateFiles } from "./certificate-files.ts";
import { PROXY_CORE, pinned } from "./cores.ts";
import { takePort } from "./ports.ts";
import { processTree } from "./processes.ts";

/** What all subjects share. */
export interface Surroundings {
  /** Empty at the start, removed at the end. */
  readonly folder: string;
  readonly backendPort: number;
  readonly certificates: CertificateFiles;
  /** For the Node that runs our sidecars, e.g. `--cpu-prof`. */
  readonly nodeFlags: readonly string[];
}

const READY_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 3_000;

export class Site implements AsyncDisposable {
  readonly folder: string;
  readonly surroundings: Surroundings;
  readonly #children: { readonly child: ChildProcess; readonly log: string }[] = [];
  readonly #closing = new AsyncDisposableStack();

  private constructor(surroundings: Surroundings, folder: string) {
    this.surroundings = surroundings;
    this.folder = folder;
  }

  static async create(surroundings: Surroundings, name: string): Promise<Site> {
    const folder = join(surroundings.folder, name.replaceAll(/[^a-z0-9]+/g, "-"));
    await mkdir(folder, { recursive: true });
    return new Site(surroundings, folder);
  }

  get backendPort(): number {
    return this.surroundings.backendPort;
  }

  get certificates(): CertificateFiles {
    return this.surroundings.certificates;
  }

  port(): Promise<number> {
    return takePort();
  }

  /** Writes a file into the folder and returns its path. */
  async write(name: string, text: string): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, text);
    return path;
  }

  /** Starts a program on the proxies' core. Its output goes to a file in the folder. */
  start(command: readonly string[], environment: Readonly<Record<string, string>> = {}): void {
    const [program = "", ...parameters] = pinned(PROXY_CORE, command);
    const log = join(this.folder, `${this.#children.length}.log`);
    const output = openSync(log, "w");
    const child = spawn(program, parameters, {
      cwd: this.folder,
      env: { ...process.env, ...environment },
      stdio: ["ignore", output, output],
    });
    this.#children.push({ child, log });
  }

  /** Waits until somebody accepts connections on that port of 127.0.0.1. Throws what the programs said if nobody does. */
  async accepting(port: number): Promise<void> {
    const gone = await eventually(() => this.#tryPort(port), { timeout: READY_TIMEOUT_MS }).catch(
      () => `port ${port} does not accept connections`,
    );
    if (gone !== undefined) throw new SetupError(`${gone}:\n${this.#said()}`);
  }

  /** The ids of all processes started here, and of those that they have started. */
  async processes(): Promise<number[]> {
    const roots = this.#children.flatMap(({ child }) => child.pid ?? []);
    return (await Promise.all(roots.map(processTree))).flat();
  }

  /** Runs at the end, after the programs have ended. */
  defer(close: () => void | Promise<void>): void {
    this.#closing.defer(close);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map(({ child }) => end(child)));
    await this.#closing.disposeAsync();
  }

  /** Returns what makes waiting vain, if anything; throws while there is hope. */
  async #tryPort(port: number): Promise<string | undefined> {
    const gone = this.#children.find(({ child }) => child.exitCode !== null);
    if (gone !== undefined) return `the program exited with ${gone.child.exitCode}`;
    await tryConnect(port);
    return undefined;
  }

  #said(): string {
    return this.#children.map(({ log }) => lastLines(readFileSync(log, "utf8"))).join("\n");
  }
}

/** Resolves when a connection to that port of 127.0.0.1 is accepted, rejects when it is not. */
export async function tryConnect(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}
