// What a Consul cluster holds, as far as the mesh asks for it, with the indexes that blocking queries wait on.
import type { ConsulStatus, ServiceDefinition } from "../../registry/consul/types.ts";

interface Check {
  status: ConsulStatus;
  output: string;
  index: number;
}

interface Registered {
  readonly node: string;
  readonly definition: ServiceDefinition;
  readonly checks: Map<string, Check>;
  readonly createIndex: number;
  modifyIndex: number;
}

/** What a blocking query can wait for: `services`, `critical`, `service <name>`, or anything else that never changes. */
export type Topic = string;

export class ConsulState {
  readonly #services = new Map<string, Map<string, Registered>>();
  /** By the service that they stand before. */
  readonly #sidecars = new Map<string, Map<string, Registered>>();
  readonly #byId = new Map<string, Registered>();
  readonly #byCheck = new Map<string, Registered>();
  readonly #critical = new Map<string, Registered>();
  readonly #indexes = new Map<Topic, number>();
  readonly #waiting = new Map<Topic, Set<() => void>>();
  #index = 10;

  indexOf(topic: Topic): number {
    return this.#indexes.get(topic) ?? 10;
  }

  /** Calls back once at the next change; the function returned calls that off. */
  wait(topic: Topic, wake: () => void): () => void {
    const waiting = this.#waiting.get(topic) ?? new Set();
    this.#waiting.set(topic, waiting.add(wake));
    return () => void waiting.delete(wake);
  }

  register(node: string, definition: ServiceDefinition): void {
    const before = this.#byId.get(definition.ID);
    const index = this.#next();
    const checks = new Map<string, Check>();
    for (const { CheckID, Status } of definition.Checks) {
      const known = before?.checks.get(CheckID);
      checks.set(CheckID, known ?? { status: Status, output: "", index });
    }
    const createIndex = before?.createIndex ?? index;
    const registered = { node, definition, checks, createIndex, modifyIndex: index };
    this.#byId.set(definition.ID, registered);
    this.#group(definition).set(definition.ID, registered);
    for (const [id, check] of checks) {
      this.#byCheck.set(id, registered);
      this.#note(id, registered, check.status);
    }
    this.#bump("services", `service ${serviceOf(definition)}`);
  }

  deregister(id: string): void {
    const registered = this.#byId.get(id);
    if (registered === undefined) return;
    this.#next();
    this.#byId.delete(id);
    this.#group(registered.definition).delete(id);
    for (const check of registered.checks.keys()) {
      this.#byCheck.delete(check);
      if (this.#critical.delete(check)) this.#bump("critical");
    }
    this.#bump("services", `service ${serviceOf(registered.definition)}`);
  }

  /** False for a check that is not known. */
  setCheck(id: string, status: ConsulStatus, output: string): boolean {
    const registered = this.#byCheck.get(id);
    const check = registered?.checks.get(id);
    if (registered === undefined || check === undefined) return false;
    // Consul holds a new note back while the status stays.
    if (check.status === status) return true;
    Object.assign(check, { status, output, index: this.#next() });
    this.#note(id, registered, status);
    this.#bump(`service ${serviceOf(registered.definition)}`);
    return true;
  }

  /** `/v1/catalog/services`. */
  serviceNames(): Readonly<Record<string, readonly string[]>> {
    const names: Record<string, readonly string[]> = { consul: [] };
    for (const [name, copies] of [...this.#services].sort()) {
      const [first] = copies.values();
      if (first === undefined) continue;
      names[name] = first.definition.Tags;
      names[`${name}-sidecar-proxy`] = [];
    }
    return names;
  }

  /** `/v1/health/service/<name>`. */
  serviceHealth(name: string): readonly object[] {
    return [...(this.#services.get(name)?.values() ?? [])].map(toHealthEntry);
  }

  /** `/v1/health/connect/<name>`. */
  sidecarHealth(name: string): readonly object[] {
    return [...(this.#sidecars.get(name)?.values() ?? [])].map(toHealthEntry);
  }

  /** `/v1/health/state/critical`. */
  criticalChecks(): readonly object[] {
    return [...this.#critical].map(([id, registered]) => toHealthCheck(id, registered));
  }

  /** `/v1/agent/services` of the node. */
  servicesOn(node: string): Readonly<Record<string, object>> {
    const own = [...this.#byId].filter(([, registered]) => registered.node === node);
    return Object.fromEntries(own.map(([id, registered]) => [id, toService(registered)]));
  }

  #group(definition: ServiceDefinition): Map<string, Registered> {
    const groups = definition.Kind === undefined ? this.#services : this.#sidecars;
    const name = serviceOf(definition);
    const group = groups.get(name) ?? new Map<string, Registered>();
    groups.set(name, group);
    return group;
  }

  #note(id: string, registered: Registered, status: ConsulStatus): void {
    const was = this.#critical.has(id);
    if (status === "critical") this.#critical.set(id, registered);
    else this.#critical.delete(id);
    if (was || status === "critical") this.#bump("critical");
  }

  #next(): number {
    this.#index += 1;
    return this.#index;
  }

  #bump(...topics: readonly Topic[]): void {
    for (const topic of topics) {
      this.#indexes.set(topic, this.#index);
      const waiting = this.#waiting.get(topic);
      this.#waiting.delete(topic);
      for (const wake of waiting ?? []) wake();
    }
  }
}

function serviceOf({ Name, Proxy: proxy }: ServiceDefinition): string {
  return proxy?.DestinationServiceName ?? Name;
}

function toService({ definition, createIndex, modifyIndex }: Registered): object {
  const { ID, Name, Checks: _, ...rest } = definition;
  const { Address, Port } = rest;
  return {
    ...{ ID, Service: Name, ...rest, SocketPath: "", EnableTagOverride: false },
    TaggedAddresses: { lan_ipv4: { Address, Port }, wan_ipv4: { Address, Port } },
    Proxy: { Mode: "", MeshGateway: {}, Expose: {}, ...rest.Proxy },
    ...{ Connect: {}, PeerName: "", CreateIndex: createIndex, ModifyIndex: modifyIndex },
  };
}

function toHealthCheck(id: string, { node, definition, checks, createIndex }: Registered): object {
  const check = checks.get(id);
  const { Name } = definition.Checks.find(({ CheckID }) => CheckID === id) ?? { Name: id };
  return {
    ...{ Node: node, CheckID: id, Name, Status: check?.status, Notes: "", Output: check?.output },
    ...{ ServiceID: definition.ID, ServiceName: definition.Name, ServiceTags: definition.Tags },
    ...{ Type: "ttl", Interval: "", Timeout: "", ExposedPort: 0, Definition: {} },
    ...{ CreateIndex: createIndex, ModifyIndex: check?.index },
  };
}

/** About as large as Consul's own: what is not read is there all the same. */
function toHealthEntry(registered: Registered): object {
  const { node, checks } = registered;
  const Address = addressOf(node);
  const addresses = { lan: Address, lan_ipv4: Address, wan: Address, wan_ipv4: Address };
  const ID = "7b6a2c1e-9d58-4f0e-8d0b-3b9f5a1c2d4e";
  const Meta = { "consul-network-segment": "", "consul-version": "1.22.0" };
  const alive = {
    ...{ Node: node, CheckID: "serfHealth", Name: "Serf Health Status", Status: "passing" },
    ...{ Notes: "", Output: "Agent alive and reachable", ServiceID: "", ServiceName: "" },
    ...{ ServiceTags: [], Type: "", Interval: "", Timeout: "", ExposedPort: 0, Definition: {} },
    ...{ CreateIndex: 9, ModifyIndex: 9 },
  };
  return {
    Node: {
      ...{ ID, Node: node, Address, Datacenter: "dc1", TaggedAddresses: addresses, Meta },
      ...{ CreateIndex: 8, ModifyIndex: 9 },
    },
    Service: toService(registered),
    Checks: [alive, ...[...checks.keys()].map((id) => toHealthCheck(id, registered))],
  };
}

/** Of the Consul agent on the node. */
function addressOf(node: string): string {
  const number = Number(/\d+$/.exec(node)?.[0] ?? 0);
  return `10.254.${number >> 8}.${number & 255}`;
}
