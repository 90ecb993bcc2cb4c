// One typed client for all of Consul that the mesh uses. The `consul` package does what it does well (checks,
// deregistration, the agent's facts); the rest is plain HTTP, since the package drops a registration's Kind and knows
// nothing of Connect. Every call has a deadline and obeys its signal: a body that is cut or stalls hangs nobody.
import { EventEmitter } from "node:events";
import Consul from "consul";
import { type Connections, limitOf } from "./connections.ts";
import { answerOfLibrary, ConsulAnswerError, unavailable } from "./errors.ts";
import { type ConsulReply, ConsulTransport, type Reachability } from "./transport.ts";
import type {
  AgentSelf,
  ConnectLeaf,
  ConnectRoots,
  ConsulIntention,
  ConsulStatus,
  CriticalCheck,
  HealthEntry,
  KeyValue,
  RegisteredService,
  ServiceDefinition,
  TransactionOperation,
  TransactionResult,
} from "./types.ts";

export interface ConsulClientOptions {
  /** `http://127.0.0.1:8500` or `unix:///run/consul/http.sock`: the node's own Consul agent. */
  readonly address: string;
  /** The ACL token, where ACLs are on. */
  readonly token?: string | undefined;
  /** Longest time for one call, ms; a blocking query gets its waiting time on top. Default 5 s. */
  readonly timeout?: number;
}

/** A blocking query's question: wait up to `wait` ms for an index above `index`; index 0 does not wait. */
export interface BlockingQuery {
  readonly index: number;
  readonly wait: number;
  /**
   * Whether the answer must hold all that Consul has confirmed. One that has just started tells of the past otherwise, as
   * long as it reads its log. Says nothing to `agent/…`.
   */
  readonly upToDate?: boolean;
}

export interface Answer<T> {
  readonly value: T;
  readonly index: number;
  /** See {@link ConsulReply.isFiltered}. */
  readonly isFiltered?: boolean;
}

// What each call of the package takes; its types know only the first.
interface LibraryOptions {
  readonly token?: string;
  readonly timeout: number;
  readonly ctx: EventEmitter;
}

interface ReadOptions<T> {
  readonly parameters?: Readonly<Record<string, string>>;
  /** What it counts as when Consul knows of nothing there; undefined: it is an error. */
  readonly absent?: T;
}

/** Asks for the current value and does not wait. */
export const AT_ONCE: BlockingQuery = { index: 0, wait: 0 };

/**
 * Calls reject with CATALOG_UNAVAILABLE or CATALOG_REFUSED, or with the signal's reason when it aborts.
 * Whoever made the client disposes it, which closes its idle connections.
 */
export class ConsulClient {
  readonly #transport: ConsulTransport;
  readonly #timeout: number;
  readonly #library: Consul;
  readonly #credentials: { readonly token?: string };

  /** Throws CONFIGURATION_INVALID for an address that is neither an http or https URL nor a unix socket. */
  constructor(options: ConsulClientOptions) {
    this.#timeout = options.timeout ?? 5_000;
    this.#transport = new ConsulTransport(options.address, options.token, this.#timeout);
    this.#credentials = options.token === undefined ? {} : { token: options.token };
    const { base, connections: agent } = this.#transport;
    // The package's types do not know `baseUrl`. It destroys the connections when it is destroyed.
    const library = { baseUrl: `${base}/v1`, agent, defaults: {} };
    this.#library = new Consul(library);
  }

  get reachability(): Reachability {
    return this.#transport.reachability;
  }

  /** Who waits for long, and who asks much at a time, takes a turn here. */
  get turns(): Connections {
    return this.#transport.turns;
  }

  /** What Consul says of itself. Its limit for connections, which is among that, is kept to from then on. */
  async self(signal: AbortSignal): Promise<AgentSelf> {
    const self = await this.#call<AgentSelf>("agent/self", signal, (options) =>
      this.#library.agent.self(options),
    );
    this.turns.keepTo(limitOf(self));
    return self;
  }

  /** Where the servers' leader is, "" without one; and when Consul's agent said so by its own clock, ms, or NaN. */
  async leader(signal: AbortSignal): Promise<{ readonly address: string; readonly at: number }> {
    const request = { method: "GET", path: "status/leader", query: {}, wait: 0 } as const;
    const { body, answeredAt } = await this.#transport.exchange(request, signal);
    return { address: typeof body === "string" ? body : "", at: answeredAt };
  }

  /** Registers one service or sidecar whole: checks that the definition lacks go, the others keep their status. */
  async registerService(definition: ServiceDefinition, signal: AbortSignal): Promise<void> {
    await this.#transport.exchange(
      {
        method: "PUT",
        path: "agent/service/register",
        query: { "replace-existing-checks": "true" },
        wait: 0,
        body: definition,
      },
      signal,
    );
  }

  /** Succeeds for an id that is not registered. */
  async deregisterService(id: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#call(`agent/service/deregister/${id}`, signal, (options) =>
        this.#library.agent.service.deregister({ id, ...options }),
      );
    } catch (error) {
      // 1.8 answers 200 for an unknown id, later versions 404.
      if (!(error instanceof ConsulAnswerError && error.status === 404)) throw error;
    }
  }

  /** Sets a TTL check and restarts its time to live. */
  async updateCheck(
    id: string,
    status: ConsulStatus,
    note: string,
    signal: AbortSignal,
  ): Promise<void> {
    const check = this.#library.agent.check;
    await this.#call(`agent/check/${status}/${id}`, signal, (options) => {
      const update = { id, note, ...options };
      if (status === "passing") return check.pass(update);
      return status === "warning" ? check.warn(update) : check.fail(update);
    });
  }

  /** What is registered with the agent we talk to, by id. */
  async agentServices(signal: AbortSignal): Promise<Readonly<Record<string, RegisteredService>>> {
    const answer = await this.#read<Record<string, RegisteredService>>(
      "agent/services",
      AT_ONCE,
      signal,
      isObject,
    );
    return answer.value;
  }

  /** All service names of the datacenter with their tags. */
  serviceNames(
    query: BlockingQuery,
    signal: AbortSignal,
  ): Promise<Answer<Readonly<Record<string, readonly string[]>>>> {
    return this.#read("catalog/services", query, signal, isObject);
  }

  /** All instances of a service, whatever their health. */
  serviceHealth(
    name: string,
    query: BlockingQuery,
    signal: AbortSignal,
  ): Promise<Answer<readonly HealthEntry[]>> {
    return this.#read(`health/service/${encodeURIComponent(name)}`, query, signal, Array.isArray);
  }

  /** The checks of the datacenter that are critical, of services and of nodes. */
  criticalChecks(
    query: BlockingQuery,
    signal: AbortSignal,
  ): Promise<Answer<readonly CriticalCheck[]>> {
    return this.#read("health/state/critical", query, signal, Array.isArray);
  }

  /** The sidecars that stand before a service. */
  async sidecarHealth(name: string, signal: AbortSignal): Promise<readonly HealthEntry[]> {
    const path = `health/connect/${encodeURIComponent(name)}`;
    return (await this.#read<HealthEntry[]>(path, AT_ONCE, signal, Array.isArray)).value;
  }

  connectRoots(query: BlockingQuery, signal: AbortSignal): Promise<Answer<ConnectRoots>> {
    return this.#read("agent/connect/ca/roots", query, signal, isObject);
  }

  connectLeaf(
    service: string,
    query: BlockingQuery,
    signal: AbortSignal,
  ): Promise<Answer<ConnectLeaf>> {
    const path = `agent/connect/ca/leaf/${encodeURIComponent(service)}`;
    return this.#read(path, query, signal, isObject);
  }

  /** All intentions of the datacenter, in the order of their precedence. */
  intentions(
    query: BlockingQuery,
    signal: AbortSignal,
  ): Promise<Answer<readonly ConsulIntention[]>> {
    return this.#read("connect/intentions", query, signal, Array.isArray);
  }

  /** The entry with this key or, for a key that ends with a slash, all below it in the order of keys; none is no error. */
  keyValues(
    key: string,
    query: BlockingQuery,
    signal: AbortSignal,
  ): Promise<Answer<readonly KeyValue[]>> {
    const path = `kv/${key.split("/").map(encodeURIComponent).join("/")}`;
    const parameters = key.endsWith("/") ? { recurse: "true" } : {};
    return this.#read(path, query, signal, Array.isArray, { parameters, absent: [] });
  }

  /** Does all operations or none, and gives the index at which it did. Rejects with Consul's 409 when one cannot be done. */
  async transact(
    operations: readonly TransactionOperation[],
    signal: AbortSignal,
  ): Promise<number> {
    const request = { method: "PUT", path: "txn", query: {}, wait: 0, body: operations } as const;
    const { body } = await this.#transport.exchange(request, signal);
    const [first] = (body as Partial<TransactionResult> | null | undefined)?.Results ?? [];
    return first?.KV?.ModifyIndex ?? 0;
  }

  [Symbol.dispose](): void {
    this.#library.destroy();
  }

  // `fits` guards against a foreign answer (a proxy's page, `null`); below it we trust Consul's own types.
  async #read<T>(
    path: string,
    { index, wait, upToDate = false }: BlockingQuery,
    signal: AbortSignal,
    fits: (body: unknown) => boolean,
    { parameters, absent }: ReadOptions<T> = {},
  ): Promise<Answer<T>> {
    const held = index > 0 ? wait : 0;
    const query = {
      ...parameters,
      ...(index > 0 ? { index: String(index), wait: `${Math.round(wait)}ms` } : {}),
      ...(upToDate && !path.startsWith("agent/") ? { consistent: "" } : {}),
    };
    const mayBeAbsent = absent !== undefined;
    const reply = await this.#transport.exchange(
      { method: "GET", path, query, wait: held, mayBeAbsent },
      signal,
    );
    const body = reply.isAbsent ? absent : reply.body;
    if (!fits(body))
      throw unavailable(path, new Error(`unexpected answer ${JSON.stringify(body)}`));
    return { value: body as T, index: reply.index, isFiltered: reply.isFiltered };
  }

  // The package has deadlines, but can be cancelled only through an emitter.
  #call<T>(
    name: string,
    signal: AbortSignal,
    call: (options: LibraryOptions) => Promise<T>,
  ): Promise<T> {
    const settled = (): Promise<T> => this.#settled(name, signal, call);
    return this.#transport.inTurn(name, settled, signal);
  }

  #settled<T>(
    name: string,
    signal: AbortSignal,
    call: (options: LibraryOptions) => Promise<T>,
  ): Promise<T> {
    return this.#transport.settle(name, signal, async () => {
      const ctx = new EventEmitter();
      const cancel = (): void => void ctx.emit("cancel");
      signal.addEventListener("abort", cancel, { once: true });
      try {
        return await call({ ...this.#credentials, timeout: this.#timeout, ctx });
      } catch (error) {
        throw answerOfLibrary(name, error) ?? error;
      } finally {
        signal.removeEventListener("abort", cancel);
      }
    });
  }
}

function isObject(body: unknown): boolean {
  return typeof body === "object" && body !== null && !Array.isArray(body);
}
