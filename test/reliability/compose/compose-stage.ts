// The mesh on one machine, as Compose users have it: Consul, the agent, an application with some replicas, and a load on it.
import assert from "node:assert/strict";
import { docker } from "../../helpers/docker.ts";
import { eventually } from "../../helpers/eventually.ts";
import { Mesh } from "../../helpers/mesh.ts";
import { ComposeProject, sidecarsOf } from "../../helpers/project.ts";
import { bundleProgram, programService } from "../application/programs.ts";
import type { Stage } from "../event.ts";
import { type History, KINDS } from "../history.ts";
import { LoadReader } from "../load.ts";
import type { Observations } from "../model/observations.ts";
import { Recorder } from "../model/recorder.ts";
import { askConsul, watchSnapshots } from "../model/sources.ts";
import { observationsOf } from "../model/uses.ts";

const PROJECT = "mesh-test-reliability";
/** As the catalog names it. */
export const SERVICE: string = `${PROJECT}-answer`;
const LOAD = `${PROJECT}-ask`;
/** Of the application, but while an event changes it. */
export const REPLICAS = 2;

/** How one runs a program in the agent's container; there is no other of that name. */
const IN_AGENT = ["docker", "exec", "mesh-test-agent-1"];

const SETTLED = { timeout: 90_000, interval: 500 };

/** What an event may change about the application. */
export interface Application {
  readonly replicas: number;
  /** Of its containers' environment: another one makes other containers. */
  readonly version: number;
}

/** What no event changes. */
interface Fixed {
  /** The programs. */
  readonly configs: object;
  readonly rate: number;
}

export class ComposeStage implements Stage, AsyncDisposable {
  readonly mesh: Mesh;
  readonly project: ComposeProject;
  readonly #fixed: Fixed;
  readonly #load: LoadReader;
  readonly #recorder: Recorder;
  #version = 1;

  private constructor(mesh: Mesh, project: ComposeProject, fixed: Fixed, load: LoadReader) {
    this.mesh = mesh;
    this.project = project;
    this.#fixed = fixed;
    this.#load = load;
    this.#recorder = new Recorder({
      catalog: (index, signal) => askConsul(mesh.consulAddress, SERVICE, index, signal),
      snapshots: (signal) => watchSnapshots(IN_AGENT, SERVICE, signal),
    });
  }

  /** `rate`: requests a second. */
  static async open(rate: number): Promise<ComposeStage> {
    const fixed = { configs: await programConfigs(), rate };
    const mesh = await Mesh.start();
    const project = await ComposeProject.up(
      PROJECT,
      composeFile(fixed, { replicas: REPLICAS, version: 1 }),
    ).catch(async (error: unknown) => {
      await mesh[Symbol.asyncDispose]();
      throw error;
    });
    // It stays the same: nothing that happens here is about the caller's container.
    const [caller] = await project.containersOf("ask");
    const load = new LoadReader(
      async (...command) => await docker("exec", String(caller), ...command),
    );
    const stage = new ComposeStage(mesh, project, fixed, load);
    // Compose cannot bring up what the mesh holds until its sidecar is ready.
    await stage.untilReady(REPLICAS);
    return stage;
  }

  get version(): number {
    return this.#version;
  }

  async history(since: number): Promise<History> {
    return await this.#load.read(since);
  }

  async observations(): Promise<Observations> {
    const { requests } = await this.history(0);
    return observationsOf(this.#recorder, requests, SERVICE);
  }

  /** Applies another version of the compose file. */
  async apply({ replicas, version }: Application, ...options: string[]): Promise<void> {
    this.#version = version;
    await this.project.change(composeFile(this.#fixed, { replicas, version }), ...options);
  }

  /** `docker compose up --scale`, and waits until so many replicas are called. */
  async scale(replicas: number): Promise<void> {
    await this.apply({ replicas, version: this.#version }, "--no-recreate");
    await this.untilReady(replicas);
  }

  async replicas(): Promise<readonly string[]> {
    return await this.project.containersOf("answer");
  }

  /** The id of a sidecar of the service. */
  async sidecar(service: "answer" | "ask"): Promise<string> {
    const [container] = await this.project.containersOf(service);
    const [sidecar] = await sidecarsOf(String(container));
    assert.ok(sidecar !== undefined, `expected a sidecar beside ${service}`);
    return sidecar;
  }

  /** All sidecars, whether they run or not. */
  async sidecars(): Promise<readonly string[]> {
    const ids = await docker("ps", "-aq", "--filter", "label=docker-mesh.role=sidecar");
    return ids.split("\n").filter(Boolean).toSorted();
  }

  async untilReady(replicas: number): Promise<void> {
    await this.mesh.untilReady({ [SERVICE]: replicas, [LOAD]: 1 }, SETTLED.timeout);
  }

  async settle(): Promise<void> {
    await this.mesh.compose("up", "-d");
    await this.apply({ replicas: REPLICAS, version: this.#version });
    await this.untilReady(REPLICAS);
    const names = (await this.replicas()).map((id) => id.slice(0, 12)).toSorted();
    let since = Date.now();
    await eventually(async () => {
      const { requests, complete } = await this.history(since);
      since = Math.max(since, complete);
      for (const kind of KINDS) {
        const answered = requests.filter((request) => request.kind === kind);
        const called = new Set(answered.flatMap(({ replica }) => replica ?? []));
        assert.deepEqual([...called].toSorted(), names, kind);
      }
      assert.equal((await this.sidecars()).length, REPLICAS + 1);
      const { agent } = await this.mesh.status();
      assert.ok(agent.catalogReachable, "the catalog cannot be reached");
    }, SETTLED);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#recorder[Symbol.asyncDispose]();
    await this.project[Symbol.asyncDispose]();
    await this.mesh[Symbol.asyncDispose]();
  }
}

/** A `$` would be a variable of the compose file. */
async function programConfigs(): Promise<object> {
  const content = async (name: "answer" | "ask"): Promise<object> => ({
    content: (await bundleProgram(name)).replaceAll("$", "$$$$"),
  });
  return { answer: await content("answer"), ask: await content("ask") };
}

function composeFile({ configs, rate }: Fixed, { replicas, version }: Application): object {
  return {
    configs,
    services: {
      answer: {
        ...programService("answer"),
        environment: { VERSION: String(version) },
        deploy: { replicas },
        labels: { "mesh.enable": "true", "mesh.ports": "web:8080, calls:9000/grpc" },
      },
      ask: {
        ...programService("ask"),
        environment: { RATE: String(rate) },
        labels: { "mesh.enable": "true", "mesh.port": "8080", "mesh.hold": "true" },
      },
    },
  };
}
