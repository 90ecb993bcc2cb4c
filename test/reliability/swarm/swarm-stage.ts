// The mesh on a swarm of real engines, installed as docs/swarm.md says: three managers with a Consul server each, and a worker.
// An application with a replica on each node, and a load on node-1, the one node that is never harmed itself.
import assert from "node:assert/strict";
import type { SwarmNode } from "../../../scripts/swarm/node.ts";
import { agentOf } from "../../../scripts/swarm/stacks.ts";
import type { Swarm } from "../../../scripts/swarm/swarm.ts";
import { eventually } from "../../helpers/eventually.ts";
import { startTestSwarm } from "../../helpers/swarm.ts";
import { SwarmMesh } from "../../helpers/swarm-mesh.ts";
import type { Stage } from "../event.ts";
import type { History } from "../history.ts";
import { LoadReader } from "../load.ts";
import type { Observations, SnapshotSeen } from "../model/observations.ts";
import { Recorder } from "../model/recorder.ts";
import { askConsul, watchSnapshots } from "../model/sources.ts";
import { observationsOf } from "../model/uses.ts";
import { deployApplication } from "./stack-files.ts";

const STACK = "shop";
/** As the swarm names them. */
export const ANSWER: string = `${STACK}_answer`;
export const ASK: string = `${STACK}_ask`;
/** As the catalog names it. */
const SERVICE = `${STACK}-answer`;
const MANAGERS = 3;
const NODES = 4;
/** One on each node. */
export const REPLICAS: number = NODES;
/** Where the load runs. */
export const QUIET = "node-1";
/** To which things happen. */
export const WORKER = "node-4";
export const MANAGER = "node-3";
const CONSUL_PORT = 8500;

/** A look takes processor time from what is looked at. */
const FORMED = { timeout: 180_000, interval: 1_000 };

/** A running container on its node. */
export interface Task {
  readonly node: SwarmNode;
  readonly container: string;
}

export class SwarmStage implements Stage, AsyncDisposable {
  readonly swarm: Swarm;
  readonly mesh: SwarmMesh;
  readonly #load: LoadReader;
  readonly #recorder: Recorder;
  #version = 1;

  private constructor(swarm: Swarm, mesh: SwarmMesh) {
    this.swarm = swarm;
    this.mesh = mesh;
    const quiet = swarm.node(QUIET);
    const consul = `http://${quiet.address}:${CONSUL_PORT}`;
    this.#load = new LoadReader(async (...command) => {
      const [load] = await tasksOn(quiet, ASK);
      return await quiet.docker(["exec", String(load), ...command]);
    });
    this.#recorder = new Recorder({
      catalog: (index, signal) => askConsul(consul, SERVICE, index, signal),
      snapshots: (signal) => snapshotsOn(quiet, signal),
    });
  }

  /** `rate`: requests a second. */
  static async open(rate: number): Promise<SwarmStage> {
    const swarm = await startTestSwarm({ nodes: NODES, managers: MANAGERS });
    try {
      const mesh = await SwarmMesh.deploy(swarm);
      const wanted = { name: STACK, replicas: REPLICAS, loadFrom: QUIET, rate };
      await deployApplication(swarm, wanted);
      const stage = new SwarmStage(swarm, mesh);
      await stage.untilRunning(ASK, 1);
      await stage.settle();
      return stage;
    } catch (error) {
      await swarm.remove();
      throw error;
    }
  }

  async history(since: number): Promise<History> {
    return await this.#load.read(since);
  }

  async observations(): Promise<Observations> {
    const { requests } = await this.history(0);
    return observationsOf(this.#recorder, requests, SERVICE);
  }

  /** `docker service update`; resolves when the swarm has done so. */
  async update(service: string, ...options: readonly string[]): Promise<void> {
    const fixed = ["--no-resolve-image", "--detach=false", "--quiet"];
    await this.swarm.docker(["service", "update", ...fixed, ...options, service]);
  }

  /** A new version of the application, rolled out in that order. */
  async release(order: "start-first" | "stop-first"): Promise<void> {
    this.#version += 1;
    await this.update(ANSWER, "--update-order", order, "--env-add", `VERSION=${this.#version}`);
  }

  /** Scales a service and waits until so many of its tasks run. */
  async scale(service: string, replicas: number): Promise<void> {
    await this.swarm.docker(["service", "scale", "--detach", `${service}=${replicas}`]);
    await this.untilRunning(service, replicas);
  }

  async untilRunning(service: string, replicas: number): Promise<void> {
    await eventually(async () => {
      const { length } = await this.tasks(service);
      assert.equal(length, replicas, `${service}: ${length} of ${replicas} run`);
    }, FORMED);
  }

  /** Those of a service that run, on nodes that are on and connected. */
  async tasks(service: string): Promise<readonly Task[]> {
    const tasks: Task[] = [];
    for (const node of this.swarm.nodes) {
      if (!(await node.isConnected())) continue;
      for (const container of await tasksOn(node, service)) tasks.push({ node, container });
    }
    return tasks;
  }

  /** That of a service on a node. */
  async taskOn(name: string, service: string): Promise<Task> {
    const node = this.swarm.node(name);
    const [container] = await tasksOn(node, service);
    assert.ok(container !== undefined, `expected a task of ${service} on ${name}`);
    return { node, container };
  }

  /** The ids of all sidecars, sorted. */
  async sidecars(): Promise<readonly string[]> {
    const ids = await Promise.all(
      this.swarm.nodes.map(async (node) => await sidecarsOn(node, "docker-mesh.role=sidecar")),
    );
    return ids.flat().toSorted();
  }

  /** The id of a task's sidecar. */
  async sidecarOf({ node, container }: Task): Promise<string> {
    const [sidecar] = await sidecarsOn(node, `docker-mesh.workload=${container}`);
    assert.ok(sidecar !== undefined, `expected a sidecar beside ${container}`);
    return sidecar;
  }

  /** Waits until the load is answered by exactly so many replicas: those that run. */
  async untilCalled(replicas: number): Promise<void> {
    let since = Date.now();
    await eventually(async () => {
      const names = (await this.tasks(ANSWER)).map(({ container }) => container.slice(0, 12));
      const { requests } = await this.history(since);
      since = Date.now();
      const called = new Set(requests.flatMap(({ replica }) => replica ?? []));
      assert.deepEqual([...called].toSorted(), names.toSorted());
      assert.equal(called.size, replicas);
    }, FORMED);
  }

  async settle(): Promise<void> {
    for (const node of this.swarm.nodes) {
      if (!(await node.isOn())) await node.start();
      else if (!(await node.isConnected())) await node.heal();
    }
    await eventually(async () => await this.#activate(), FORMED);
    await this.scale(ANSWER, REPLICAS);
    await this.#spread();
    await this.untilCalled(REPLICAS);
    await this.#untilConsulCanLose();
    await eventually(async () => {
      for (const node of this.swarm.nodes) await this.#checkAgent(node);
    }, FORMED);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#recorder[Symbol.asyncDispose]();
    await this.swarm.remove();
  }

  /** All nodes are up and take tasks. */
  async #activate(): Promise<void> {
    for (const { name } of this.swarm.nodes) {
      const format = "{{.Status.State}} {{.Spec.Availability}}";
      const state = await this.swarm.docker(["node", "inspect", "--format", format, name]);
      if (state === "ready drain") {
        await this.swarm.docker(["node", "update", "--availability", "active", name]);
      }
      assert.equal(state, "ready active", name);
    }
  }

  /** The swarm itself moves nothing back to a node that was away. */
  async #spread(): Promise<void> {
    await eventually(async () => {
      const nodes = new Set((await this.tasks(ANSWER)).map(({ node }) => node.name));
      if (nodes.size === NODES) return;
      await this.update(ANSWER, "--force", "--update-order", "stop-first");
      assert.fail(`replicas ran on ${[...nodes].join(", ")} alone`);
    }, FORMED);
  }

  /** A Consul server could be lost, as Consul itself says. */
  async #untilConsulCanLose(): Promise<void> {
    await eventually(async () => {
      const health = (await this.mesh.consul("/v1/operator/autopilot/health")) as {
        FailureTolerance: number;
      };
      assert.equal(health.FailureTolerance, 1);
    }, FORMED);
  }

  async #checkAgent(node: SwarmNode): Promise<void> {
    const { agent, services } = await this.mesh.status(node);
    assert.ok(agent.catalogReachable, `${node.name}: the catalog cannot be reached`);
    const passing = services.find(({ service }) => service === SERVICE)?.passing;
    assert.equal(passing, REPLICAS, `${node.name}: ${passing} of ${REPLICAS} pass`);
  }
}

async function tasksOn(node: SwarmNode, service: string): Promise<readonly string[]> {
  const filter = `label=com.docker.swarm.service.name=${service}`;
  return lines(await node.docker(["ps", "--quiet", "--no-trunc", "--filter", filter]));
}

async function sidecarsOn(node: SwarmNode, label: string): Promise<readonly string[]> {
  const filters = ["--filter", "label=docker-mesh.role=sidecar", "--filter", `label=${label}`];
  return lines(await node.docker(["ps", "--all", "--quiet", "--no-trunc", ...filters]));
}

/** As the node's agent of the moment has them. */
async function* snapshotsOn(
  node: SwarmNode,
  signal: AbortSignal,
): AsyncGenerator<readonly SnapshotSeen[], void, undefined> {
  const agent = await agentOf(node);
  if (agent === undefined) return;
  const inAgent = ["docker", "--host", `unix://${node.socket}`, "exec", agent];
  yield* watchSnapshots(inAgent, SERVICE, signal);
}

function lines(text: string): readonly string[] {
  return text.split("\n").filter(Boolean);
}
