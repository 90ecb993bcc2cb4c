// `docker mesh …` that goes on until it is told to end.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const PLUGIN = fileURLToPath(new URL("../../plugin/cli.ts", import.meta.url));

export class RunningCommand implements AsyncDisposable {
  output = "";
  error = "";
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  /** Starts what stands behind `docker mesh`. */
  constructor(...args: readonly string[]) {
    this.#process = spawn(process.execPath, [PLUGIN, "mesh", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#ended = once(this.#process, "close");
    this.#process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.output += text;
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.error += text;
    });
  }

  /** The exit code, when it has ended by itself. */
  async end(): Promise<number | null> {
    await this.#ended;
    return this.#process.exitCode;
  }

  /** Sends a signal, and waits for the end: the exit code, null for one that the signal ended. */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    this.#process.kill(signal);
    return await this.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null) await this.stop("SIGKILL");
  }
}
