// One agent in its world: engine, Consul and sidecars simulated, the agent itself as it is in the image.

import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RUN_DIRECTORY } from "../../plugin/places.ts";
import { eventually } from "../helpers/eventually.ts";
import { AgentProcess } from "./agent-process.ts";
import { register } from "./churn.ts";
import { ConsulServer } from "./consul-server.ts";
import { ConsulState } from "./consul-state.ts";
import { EngineServer, runningContainer, type SimulatedContainer } from "./engine-server.ts";
import { type Arrival, SimulatedSidecar } from "./simulated-sidecar.ts";
import { type Copy, OWN_NODE, PORT, World, type WorldShape } from "./world.ts";

const AGENT_ID = createHash("sha256").update("agent").digest("hex");

export interface SimulationOptions {
  readonly shape: WorldShape;
  /** That Consul takes from one address. */
  readonly connections: number;
  readonly program: string;
  readonly nodeFlags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly onArrival: (arrival: Arrival) => void;
}

export class Simulation implements AsyncDisposable {
  readonly world: World;
  readonly state: ConsulState = new ConsulState();
  readonly sidecars: SimulatedSidecar[] = [];
  readonly #stop = new AbortController();
  readonly #tasks: Promise<void>[] = [];
  readonly #stack = new AsyncDisposableStack();
  #consul: ConsulServer | undefined;
  #agent: AgentProcess | undefined;

  private constructor(world: World) {
    this.world = world;
  }

  /** Resolves with all parts running; whether the agent has done its work is {@link settled}'s question. */
  static async start(options: SimulationOptions): Promise<Simulation> {
    const simulation = new Simulation(new World(options.shape));
    try {
      await simulation.#start(options);
      return simulation;
    } catch (error) {
      await simulation[Symbol.asyncDispose]();
      throw error;
    }
  }

  get consul(): ConsulServer {
    if (this.#consul === undefined) throw new Error("expected a simulation that was started");
    return this.#consul;
  }

  get agent(): AgentProcess {
    if (this.#agent === undefined) throw new Error("expected a simulation that was started");
    return this.#agent;
  }

  /** The sidecars of this node whose workloads may call the service. */
  dependents(service: number): readonly SimulatedSidecar[] {
    return this.sidecars.filter((sidecar) => this.world.mayCall(sidecar.service, service));
  }

  /** Resolves when every workload has a sidecar that knows all copies that it may call. */
  async settled(timeout: number): Promise<void> {
    const own = this.#ownCopies();
    await eventually(
      async () => {
        await this.agent.use();
        if (this.sidecars.length < own.length)
          throw new Error(`expected ${own.length} sidecars, found ${this.sidecars.length}`);
        const wanting = this.sidecars.filter((sidecar) => !this.#isWhole(sidecar));
        if (wanting.length > 0)
          throw new Error(`${wanting.length} of ${own.length} sidecars lack endpoints`);
      },
      { timeout, interval: 100 },
    );
  }

  /** Lets a copy of the service on another node fail. */
  fail(service: number): void {
    const copies = [...this.world.copies()].filter((copy) => copy.service === service);
    const copy = copies.find((each) => this.world.nodeOf(each) !== OWN_NODE);
    if (copy === undefined) throw new Error(`expected a copy of service ${service} elsewhere`);
    const id = this.world.instanceId(copy);
    this.state.setCheck(`${id}:application`, "critical", "the application does not answer");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#stack.disposeAsync();
    await Promise.all(this.#tasks);
  }

  async #start(options: SimulationOptions): Promise<void> {
    const { program, connections, nodeFlags, environment, onArrival } = options;
    const { world, state } = this;
    const folder = await mkdtemp(join(tmpdir(), "mesh-scale-"));
    this.#stack.defer(async () => await rm(folder, { recursive: true, force: true }));
    for (const copy of world.copies())
      if (world.nodeOf(copy) !== OWN_NODE) register(state, world, copy, "passing");
    this.#consul = this.#stack.use(
      await ConsulServer.start(state, world.nodeName(OWN_NODE), connections),
    );
    const engineSocket = join(folder, "engine.sock");
    const copies = new Map(this.#ownCopies().map((copy) => [world.containerId(copy), copy]));
    const onSidecar = (workloadId: string, token: string): void => {
      const sidecar = new SimulatedSidecar(copies.get(workloadId)?.service ?? -1, onArrival);
      this.sidecars.push(sidecar);
      const address = { socket: join(folder, "run", "agent.sock"), token };
      this.#tasks.push(sidecar.run(address, this.#stop.signal));
    };
    const containers = [
      agentContainer(),
      ...[...copies.values()].map((copy) => containerOf(world, copy)),
    ];
    const node = world.nodeName(OWN_NODE);
    this.#stack.use(await EngineServer.start(engineSocket, { node, containers, onSidecar }));
    this.#agent = this.#stack.use(
      await AgentProcess.start({
        ...{ folder, program, engineSocket, nodeFlags, environment },
        containerId: AGENT_ID,
        consulAddress: this.consul.address,
      }),
    );
  }

  #ownCopies(): readonly Copy[] {
    return [...this.world.copies()].filter((copy) => this.world.nodeOf(copy) === OWN_NODE);
  }

  #isWhole({ snapshot, service }: SimulatedSidecar): boolean {
    const { services, endpoints } = this.world.shape;
    const mayCall = Array.from({ length: services }, (_, index) => index).filter((callee) =>
      this.world.mayCall(service, callee),
    );
    const count = (snapshot?.outbound ?? [])
      .flatMap(({ ports }) => ports)
      .reduce((sum, port) => sum + port.endpoints.length, 0);
    return count === mayCall.length * endpoints;
  }
}

function agentContainer(): SimulatedContainer {
  return runningContainer({
    ...{ Id: AGENT_ID, Name: "/mesh-agent-1" },
    Config: { Labels: { "docker-mesh.role": "agent" }, Env: [], ExposedPorts: {} },
    Mounts: [{ Type: "volume", Name: "mesh_run", Source: "/run", Destination: RUN_DIRECTORY }],
  });
}

function containerOf(world: World, copy: Copy): SimulatedContainer {
  const { service } = copy;
  const { networkId, networkName } = world.network(service);
  const named = world.upstreamsOf(service)?.map((callee) => world.aliasOf(callee));
  const upstreams: Readonly<Record<string, string>> =
    named === undefined ? {} : { "mesh.upstreams": named.join(",") };
  return runningContainer({
    Id: world.containerId(copy),
    Name: `/${world.containerName(copy)}`,
    Config: {
      Labels: {
        ...{ "mesh.enable": "true", "mesh.port": String(PORT), ...upstreams },
        "com.docker.compose.project": `p${world.projectOf(service)}`,
        "com.docker.compose.service": world.aliasOf(service),
      },
      ...{ Env: [], ExposedPorts: {} },
    },
    NetworkSettings: {
      Networks: { [networkName]: { NetworkID: networkId, IPAddress: world.address(copy) } },
    },
  });
}
