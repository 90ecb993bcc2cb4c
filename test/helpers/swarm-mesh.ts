// The mesh on a test swarm, installed as a user would, and applications beside it: what specs ask them.
import { fileURLToPath } from "node:url";
import type { MeshStatus } from "../../plugin/status.ts";
import { run } from "../../scripts/command.ts";
import type { SwarmNode } from "../../scripts/swarm/node.ts";
import {
  agentOf,
  deployMesh,
  deployStack,
  MESH_STACK,
  removeStack,
} from "../../scripts/swarm/stacks.ts";
import type { Swarm } from "../../scripts/swarm/swarm.ts";
import { provided } from "./docker.ts";
import { eventually } from "./eventually.ts";
import type { EchoAnswer } from "./project.ts";

const PLUGIN = fileURLToPath(new URL("../../plugin/cli.ts", import.meta.url));
const UP_MS = 90_000;
const GONE_MS = 60_000;

/** The mesh of a whole swarm; it goes with the swarm. */
export class SwarmMesh {
  readonly #swarm: Swarm;

  private constructor(swarm: Swarm) {
    this.#swarm = swarm;
  }

  /** Deploys compose/stack.yaml and resolves when every node has a healthy agent. The variables are those of the file. */
  static async deploy(
    swarm: Swarm,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<SwarmMesh> {
    const variables = {
      MESH_IMAGE: provided("MESH_IMAGE"),
      MESH_CONSUL_IMAGE: provided("MESH_CONSUL_IMAGE"),
      // A node's own, whatever the engine of the tests listens at.
      MESH_DOCKER_SOCKET_DIRECTORY: "/var/run",
      MESH_DOCKER_SOCKET_NAME: "docker.sock",
      ...environment,
    };
    await deployMesh(swarm, variables, AbortSignal.timeout(UP_MS));
    return new SwarmMesh(swarm);
  }

  /** What the node's agent knows. */
  async status(node: SwarmNode): Promise<MeshStatus> {
    return JSON.parse(await this.request(node, "/v1/status")) as MeshStatus;
  }

  /** A GET of the API of the node's agent. */
  async request(node: SwarmNode, path: string): Promise<string> {
    const agent = await agentOf(node);
    if (agent === undefined) throw new Error(`${node.name} has no healthy agent`);
    return await node.docker(["exec", agent, "node", "/app/cli.mjs", "request", path]);
  }

  /** `docker mesh …` against the node's engine. */
  async command(node: SwarmNode, ...parameters: readonly string[]): Promise<string> {
    const environment = { DOCKER_HOST: `unix://${node.socket}` };
    return await run(process.execPath, [PLUGIN, "mesh", ...parameters], { environment });
  }

  /** Asks Consul through a server's published port. */
  async consul(path: string): Promise<unknown> {
    const { address } = await this.#swarm.manager();
    const response = await fetch(`http://${address}:8500${path}`, {
      signal: AbortSignal.timeout(5_000),
    });
    if (!response.ok) throw new Error(`consul answered ${response.status} to ${path}`);
    return await response.json();
  }

  /** Waits until every node knows that many passing endpoints of each service, and has a ready sidecar at its own. */
  async untilReady(expected: Readonly<Record<string, number>>, timeout = 60_000): Promise<void> {
    const check = async (): Promise<void> => {
      for (const node of this.#swarm.nodes) {
        const { services, workloads, problems } = await this.status(node);
        const told = (): string => JSON.stringify({ services, workloads, problems });
        for (const [name, count] of Object.entries(expected)) {
          const passing = services.find(({ service }) => service === name)?.passing ?? 0;
          const ready = workloads.every(
            ({ service, sidecar }) => service !== name || sidecar === "ready",
          );
          if (passing === count && ready) continue;
          throw new Error(`${node.name}: ${passing} of ${count} of ${name}; ${told()}`);
        }
      }
    };
    await eventually(check, { timeout, interval: 200 });
  }

  /** Takes the mesh away, its sidecars stay. */
  async remove(): Promise<void> {
    await removeStack(this.#swarm, MESH_STACK, AbortSignal.timeout(GONE_MS));
  }
}

/** An application on a swarm, deployed from a stack file's content. */
export class SwarmStack {
  readonly name: string;
  readonly #swarm: Swarm;

  private constructor(swarm: Swarm, name: string) {
    this.#swarm = swarm;
    this.name = name;
  }

  static async deploy(swarm: Swarm, name: string, services: object): Promise<SwarmStack> {
    const stack = new SwarmStack(swarm, name);
    await stack.change(services);
    return stack;
  }

  /** Applies other services, as `docker stack deploy` does after an edit. */
  async change(services: object): Promise<void> {
    const text = JSON.stringify({ version: "3.8", services });
    await deployStack(this.#swarm, this.name, { text });
  }

  /** Ids of the containers of a service's tasks that run on a node. */
  async containersOn(node: SwarmNode, service: string): Promise<string[]> {
    const filter = `label=com.docker.swarm.service.name=${this.name}_${service}`;
    const ids = await node.docker(["ps", "--quiet", "--no-trunc", "--filter", filter]);
    return ids.split("\n").filter(Boolean);
  }

  /** Calls a URL from within a service's container on a node, so many times, one after the other. */
  async call(node: SwarmNode, service: string, url: string, times = 1): Promise<EchoAnswer[]> {
    const [container = ""] = await this.containersOn(node, service);
    const calls = `(async () => { for (let i = 0; i < ${times}; i++) {
      const r = await fetch(${JSON.stringify(url)});
      const text = await r.text();
      if (!r.ok) throw new Error(r.status + ": " + text);
      console.log(text);
    } })().catch((e) => { console.error(e); process.exit(1); })`;
    const lines = await node.docker(["exec", container, "node", "-e", calls]);
    return lines.split("\n").map((line) => JSON.parse(line) as EchoAnswer);
  }

  async remove(): Promise<void> {
    await removeStack(this.#swarm, this.name, AbortSignal.timeout(GONE_MS));
  }
}
