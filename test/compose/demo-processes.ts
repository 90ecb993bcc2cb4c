// The demo's services as processes on loopback, and a real Redis in a container: what its tests talk to.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { RedisClient } from "../../compose/demo/redis.ts";
import { docker, provided } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { freePort } from "../helpers/free-port.ts";

/** One service of the demo on a free port of 127.0.0.1. */
export class DemoService implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(
    name: "web" | "orders" | "inventory",
    environment: Readonly<Record<string, string>>,
    port = 0,
  ): Promise<DemoService> {
    const path = fileURLToPath(new URL(`../../compose/demo/${name}.ts`, import.meta.url));
    const child = spawn(process.execPath, [path], {
      env: { ...process.env, ...environment, HOST: "127.0.0.1", PORT: String(port) },
      stdio: ["ignore", "pipe", "ignore"],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const listening = / listens on port (\d+)$/.exec(line);
      if (listening !== null) {
        child.stdout.resume();
        return new DemoService(child, `http://127.0.0.1:${listening[1]}`);
      }
    }
    throw new Error(`${name} ended before it listened`);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Sends SIGTERM; resolves with the exit code, or with the name of the signal that ended it. */
  async stop(): Promise<number | string | null> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return exitCode ?? signalCode;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const [code, signal] = (await exited) as [number | null, string | null];
    return code ?? signal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** A Redis of its own, from the image that the set-up provides. */
export class RedisContainer implements AsyncDisposable {
  readonly url: string;
  readonly #id: string;

  private constructor(id: string, url: string) {
    this.#id = id;
    this.url = url;
  }

  static async start(): Promise<RedisContainer> {
    // Named here, since one that the engine chooses changes at a restart.
    const port = await freePort();
    const id = await docker(
      ...["run", "-d", "--init", "-p", `127.0.0.1:${port}:6379`, provided("MESH_REDIS_IMAGE")],
    );
    const container = new RedisContainer(id, `redis://127.0.0.1:${port}`);
    await container.answers();
    return container;
  }

  async restart(): Promise<void> {
    await docker("restart", "-t", "3", this.#id);
    await this.answers();
  }

  async pause(): Promise<void> {
    await docker("pause", this.#id);
  }

  async unpause(): Promise<void> {
    await docker("unpause", this.#id);
  }

  /** Sends one command as any client would. */
  async command(...words: string[]): Promise<unknown> {
    const client = new RedisClient(this.url);
    try {
      return await client.command(words, AbortSignal.timeout(2_000));
    } finally {
      client.close();
    }
  }

  async answers(): Promise<void> {
    await eventually(() => this.command("PING"), { timeout: 20_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await docker("rm", "-f", "-v", this.#id);
  }
}
