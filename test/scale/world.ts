// The world of the simulation: which services there are, on which nodes their copies run, and who may call whom. Nothing
// in it is random, so that two runs see the same world. Pure.
import { createHash } from "node:crypto";
import type { Instance } from "../../mesh/model.ts";

export interface WorldShape {
  readonly nodes: number;
  readonly services: number;
  /** Copies of each service. */
  readonly endpoints: number;
  /** How many services share a project, and with it a network. */
  readonly projectSize: number;
  /** How many services each workload names in mesh.upstreams; 0: it names none, and may call all of its project. */
  readonly upstreams: number;
}

/** One copy of one service; a successor in the same place has the next generation. */
export interface Copy {
  readonly service: number;
  readonly number: number;
  readonly generation: number;
}

/** The node whose agent is real. */
export const OWN_NODE = 0;
export const PORT = 8080;
const SIDECAR_PORT = 21_000;
/** Between the services that a workload names, so that they are not neighbours. */
const STRIDE = 3;

export class World {
  readonly shape: WorldShape;

  constructor(shape: WorldShape) {
    this.shape = shape;
  }

  /** Every copy of every service, first generation. */
  *copies(): Generator<Copy> {
    const { services, endpoints } = this.shape;
    for (let service = 0; service < services; service += 1) {
      for (let number = 0; number < endpoints; number += 1)
        yield { service, number, generation: 0 };
    }
  }

  nodeOf({ service, number }: Copy): number {
    const { nodes, endpoints } = this.shape;
    return (service + number * Math.max(1, Math.floor(nodes / endpoints))) % nodes;
  }

  projectOf(service: number): number {
    return Math.floor(service / this.shape.projectSize);
  }

  aliasOf(service: number): string {
    return `s${service}`;
  }

  /** The catalog name. */
  nameOf(service: number): string {
    return `p${this.projectOf(service)}-${this.aliasOf(service)}`;
  }

  /** The services that a workload of this one names; undefined when it names none. */
  upstreamsOf(service: number): readonly number[] | undefined {
    const { upstreams, projectSize, services } = this.shape;
    if (upstreams === 0) return undefined;
    const first = this.projectOf(service) * projectSize;
    const size = Math.min(projectSize, services - first);
    const place = service - first;
    const named = Array.from(
      { length: Math.min(upstreams, size - 1) },
      (_, index) => first + ((place + 1 + index * STRIDE) % size),
    );
    return [...new Set(named)].filter((name) => name !== service);
  }

  /** Whether a workload of `caller` may call `callee`. */
  mayCall(caller: number, callee: number): boolean {
    const named = this.upstreamsOf(caller);
    if (named !== undefined) return named.includes(callee);
    return this.projectOf(caller) === this.projectOf(callee);
  }

  containerId({ service, number, generation }: Copy): string {
    return createHash("sha256").update(`${service}/${number}/${generation}`).digest("hex");
  }

  containerName(copy: Copy): string {
    return `p${this.projectOf(copy.service)}-s${copy.service}-${copy.number + 1}`;
  }

  /** Id in the catalog. */
  instanceId(copy: Copy): string {
    return `${this.nameOf(copy.service)}-${this.containerId(copy).slice(0, 12)}`;
  }

  address({ service, number, generation }: Copy): string {
    const host = service * this.shape.endpoints + number;
    return `10.${(generation % 4) * 64 + (host >> 16)}.${(host >> 8) & 0xff}.${host & 0xff}`;
  }

  network(service: number): { readonly networkId: string; readonly networkName: string } {
    const project = this.projectOf(service);
    const networkId = createHash("sha256").update(`network ${project}`).digest("hex").slice(0, 25);
    return { networkId, networkName: `p${project}_default` };
  }

  nodeName(node: number): string {
    return `node-${node}`;
  }

  instance(copy: Copy): Instance {
    return {
      id: this.instanceId(copy),
      service: this.nameOf(copy.service),
      alias: this.aliasOf(copy.service),
      project: `p${this.projectOf(copy.service)}`,
      version: undefined,
      weight: 1,
      policy: {},
      createdAt: 1_700_000_000_000 + copy.generation,
      node: this.nodeName(this.nodeOf(copy)),
      containerId: this.containerId(copy),
      containerName: this.containerName(copy),
      ports: [{ name: "http", port: PORT, protocol: "http", sidecarPort: SIDECAR_PORT }],
      networks: [{ ...this.network(copy.service), address: this.address(copy) }],
    };
  }
}
