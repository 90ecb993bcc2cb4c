// A mesh under test: the real compose/mesh.yaml as a project of its own on the engine under test.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Role } from "../../plugin/console/view.ts";
import type { MeshStatus, WorkloadStatus } from "../../plugin/status.ts";
import { compose, docker, provided } from "./docker.ts";
import { eventually } from "./eventually.ts";

const MESH_FILE = fileURLToPath(new URL("../../compose/mesh.yaml", import.meta.url));
const PROJECT = "mesh-test";
const CONSUL_PORT = 18_500;
const CONSOLE_PORT = 18_600;
const PROMETHEUS_PORT = 19_090;

export interface MeshOptions {
  readonly catalog?: "consul" | "embedded";
  readonly leafLifetime?: string;
  /** In place of the one that the set-up provides. */
  readonly image?: string;
}

/** One running mesh; an engine carries one at a time. */
export class Mesh implements AsyncDisposable {
  #environment: Readonly<Record<string, string>>;
  readonly consulAddress: string = `http://127.0.0.1:${CONSUL_PORT}`;
  readonly consoleAddress: string = `http://127.0.0.1:${CONSOLE_PORT}`;
  /** Where compose/observability.yaml publishes Prometheus. */
  readonly prometheusAddress: string = `http://127.0.0.1:${PROMETHEUS_PORT}`;

  private constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment;
  }

  /** Installs the mesh and waits until its agent answers and, with Consul, the catalog does. */
  static async start(options: MeshOptions = {}): Promise<Mesh> {
    const catalog = options.catalog ?? "consul";
    const mesh = new Mesh({
      MESH_IMAGE: options.image ?? provided("MESH_IMAGE"),
      MESH_CONSUL_IMAGE: provided("MESH_CONSUL_IMAGE"),
      MESH_CONSUL_PORT: String(CONSUL_PORT),
      MESH_CONSOLE_PORT: String(CONSOLE_PORT),
      MESH_PROMETHEUS_IMAGE: provided("MESH_TEST_TOOLS_IMAGE"),
      MESH_PROMETHEUS_PORT: String(PROMETHEUS_PORT),
      MESH_CATALOG: catalog,
      MESH_LEAF_LIFETIME: options.leafLifetime ?? "24h",
      MESH_LOG_LEVEL: "debug",
    });
    await mesh.compose("up", "-d", ...(catalog === "embedded" ? ["agent"] : []));
    await eventually(
      async () => {
        const { agent } = await mesh.status();
        if (!agent.catalogReachable || agent.trustDomain === undefined)
          throw new Error("catalog not reached yet");
      },
      { timeout: 60_000 },
    );
    return mesh;
  }

  /** `docker compose` on the mesh's own project. */
  async compose(...args: string[]): Promise<string> {
    return await compose(this.#environment, "-p", PROJECT, "-f", MESH_FILE, ...args);
  }

  /** Brings services up with what another file says besides; `file` is that file's content. */
  async change(file: object, ...services: string[]): Promise<void> {
    const directory = await mkdtemp(join(tmpdir(), "mesh-test-"));
    const path = join(directory, "more.json");
    try {
      await writeFile(path, JSON.stringify(file));
      await this.compose("-f", path, "up", "-d", ...services);
    } finally {
      await rm(directory, { recursive: true });
    }
  }

  /** Makes the agent anew with these variables, as an upgrade does, and waits until it answers. */
  async upgrade(environment: Readonly<Record<string, string>>): Promise<void> {
    this.#environment = { ...this.#environment, ...environment };
    await this.compose("up", "-d", "--no-deps", "agent");
    await eventually(() => this.status(), { timeout: 30_000 });
  }

  /** Container id of a service of the mesh's own. */
  async containerOf(service: "agent" | "consul" | "launcher"): Promise<string> {
    return await this.compose("ps", "-aq", service);
  }

  async status(): Promise<MeshStatus> {
    return (await this.ask("/v1/status")) as MeshStatus;
  }

  /** With which tokens one logs in to the console. */
  async consoleTokens(): Promise<Readonly<Record<Role, string>>> {
    return (await this.ask("/v1/console")) as Readonly<Record<Role, string>>;
  }

  /** What the agent's API answers. */
  async ask(path: string): Promise<unknown> {
    const agent = await docker("ps", "-q", "--filter", "label=docker-mesh.role=agent");
    return JSON.parse(await docker("exec", agent, "node", "/app/cli.mjs", "request", path));
  }

  /** Waits until the node's workloads of these services are passing with a ready sidecar, that many of each. */
  async untilReady(
    expected: Readonly<Record<string, number>>,
    timeout = 60_000,
  ): Promise<readonly WorkloadStatus[]> {
    return await eventually(
      async () => {
        const { workloads, problems, services } = await this.status();
        for (const [service, count] of Object.entries(expected)) {
          const ready = workloads.filter(
            (w) => w.service === service && w.health === "passing" && w.sidecar === "ready",
          );
          const routable = services.find((entry) => entry.service === service)?.passing ?? 0;
          if (ready.length === count && routable === count) continue;
          throw new Error(
            `${service}: ${ready.length} of ${count} ready, ${routable} routable; ${JSON.stringify({ workloads, problems })}`,
          );
        }
        return workloads;
      },
      { timeout },
    );
  }

  /** Waits until a problem whose message matches is reported. */
  async untilProblem(pattern: RegExp, timeout = 20_000): Promise<void> {
    await eventually(
      async () => {
        const { problems } = await this.status();
        if (!problems.some(({ message }) => pattern.test(message)))
          throw new Error(`no problem matches ${pattern}: ${JSON.stringify(problems)}`);
      },
      { timeout },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.compose("down", "--volumes", "--timeout", "2");
    const left = await docker("ps", "-aq", "--filter", "label=docker-mesh.role");
    for (const id of left.split("\n").filter(Boolean)) await docker("rm", "-f", id);
  }
}

/** Sends requests one after another until stopped, and counts: what a user would have noticed. */
export class Visitor {
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  readonly failures: string[] = [];
  served = 0;

  constructor(visit: () => Promise<void>, interval = 10) {
    this.#done = this.#run(visit, interval);
  }

  async #run(visit: () => Promise<void>, interval: number): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await visit();
        this.served += 1;
      } catch (error) {
        this.failures.push(`${new Date().toISOString()} ${String(error)}`);
      }
      await pause(interval);
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }
}
