// One HTTP exchange with Consul: a deadline, the caller's signal, the token, errors as MeshErrors, and a memory of whether
// Consul answers. What is asked and what comes back is client.ts's business.
import type { Agent } from "node:http";
import { describeError, MeshError } from "../../mesh/errors.ts";
import { openConnections, parseConsulAddress } from "./address.ts";
import { Connections } from "./connections.ts";
import { Deadline, Late } from "./deadline.ts";
import { ConsulAnswerError, unavailable } from "./errors.ts";
import { type HttpReply, httpCall } from "./http-call.ts";
import { AskAgain, Waits } from "./waits.ts";

/** What Consul's agent answers by itself, whether or not a server leads: certificates are not among it. */
const OWN = /^agent\/(self|services|service\/|check\/)/;

/** Whether Consul answers, and since when (wall clock, ms). */
export interface Reachability {
  readonly reachable: boolean;
  readonly since: number;
  readonly problem: string | undefined;
}

export interface ConsulRequest {
  readonly method: "GET" | "PUT";
  /** Below `/v1/`, already encoded. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** How long Consul was asked to hold its answer back, ms; 0 for an answer at once. */
  readonly wait: number;
  readonly body?: unknown;
  /** Whether Consul's 404 says that nothing is there, which is an answer too. */
  readonly mayBeAbsent?: boolean;
}

export interface ConsulReply {
  /** Undefined when it was empty, and when nothing is there. */
  readonly body: unknown;
  /** See {@link ConsulRequest.mayBeAbsent}. */
  readonly isAbsent: boolean;
  /** Whether Consul says that the token may not see all of it; 1.11 and later. */
  readonly isFiltered: boolean;
  readonly index: number;
  /** When Consul's agent answered by its own clock, wall clock, ms, in whole seconds; NaN where it does not say. */
  readonly answeredAt: number;
}

/** Sends requests to one Consul agent and remembers how that went. */
export class ConsulTransport {
  /** The URL that requests begin with, without a slash at the end. */
  readonly base: string;
  /** Over which it sends, and others may too. */
  readonly connections: Agent;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeout: number;
  readonly turns: Connections = new Connections();
  readonly #waits = new Waits();
  #lacksServers = false;
  #reachability: Reachability = { reachable: false, since: Date.now(), problem: undefined };

  /**
   * An answer must begin within `timeout` ms and be complete within as much again.
   * Throws CONFIGURATION_INVALID for an address that is neither an http or https URL nor a unix socket.
   */
  constructor(address: string, token: string | undefined, timeout: number) {
    const parsed = parseConsulAddress(address);
    this.base = parsed.base;
    this.connections = openConnections(parsed);
    this.#timeout = timeout;
    this.#headers = token === undefined ? {} : { "X-Consul-Token": token };
  }

  get reachability(): Reachability {
    return this.#reachability;
  }

  /** Sends one request and reads the whole answer, which is JSON or empty. */
  exchange(request: ConsulRequest, signal: AbortSignal): Promise<ConsulReply> {
    const send = (): Promise<ConsulReply> => this.#send(request, signal);
    return request.wait > 0 ? send() : this.inTurn(request.path, send, signal);
  }

  /** Does a call that Consul answers at once when not too many others of its kind are under way. */
  inTurn<T>(path: string, call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { own, prompt } = this.turns;
    return (OWN.test(path) ? own : prompt).run(call, signal);
  }

  #send(request: ConsulRequest, signal: AbortSignal): Promise<ConsulReply> {
    return this.settle(request.path, signal, async () => {
      using deadline = new Deadline(signal);
      // Consul adds up to a sixteenth to the waiting time, so that watchers do not all come back at once.
      deadline.set(this.#timeout + request.wait * (1 + 1 / 16));
      using _waiting = request.wait > 0 ? this.#waiting(deadline) : undefined;
      const reply = await httpCall({
        method: request.method,
        url: `${this.base}/v1/${request.path}?${new URLSearchParams(request.query)}`,
        headers: this.#headers,
        body: request.body === undefined ? undefined : JSON.stringify(request.body),
        connections: this.connections,
        signal: deadline.signal,
        // What has begun does not wait for anything any more.
        onHead: () => deadline.set(this.#timeout),
      });
      return toReply(request, reply);
    });
  }

  #waiting(deadline: Deadline): Disposable {
    this.#waits.add(deadline);
    return { [Symbol.dispose]: () => this.#waits.delete(deadline) };
  }

  /** Runs one attempt to reach Consul, however it is made: its failure becomes a MeshError and is remembered. */
  async settle<T>(call: string, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    try {
      const value = await attempt();
      this.#remember(call, true, undefined);
      return value;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const failure = error instanceof MeshError ? error : unavailable(call, error);
      if (error instanceof AskAgain) throw failure;
      if (!call.startsWith("agent/") && error instanceof Late) this.#waits.unheard();
      this.#remember(call, failure.code === "CATALOG_REFUSED", describeError(failure));
      throw failure;
    }
  }

  /** What the node's Consul agent answers by itself says nothing of the servers behind it, once these were not reached. */
  #remember(call: string, reachable: boolean, problem: string | undefined): void {
    const isOwn = call.startsWith("agent/");
    if (isOwn && reachable && this.#lacksServers) return;
    if (!isOwn) this.#lacksServers = !reachable;
    if (!isOwn && reachable) this.#waits.heard(performance.now());
    const before = this.#reachability;
    const since = before.reachable === reachable ? before.since : Date.now();
    this.#reachability = { reachable, since, problem };
  }
}

function toReply(request: ConsulRequest, { status, header, text }: HttpReply): ConsulReply {
  const { path } = request;
  const index = header("x-consul-index");
  // Somebody else's 404, a proxy's, carries no index.
  const isAbsent = request.mayBeAbsent === true && status === 404 && Boolean(index);
  const isFine = status >= 200 && status < 300;
  if (!isFine && !isAbsent) throw new ConsulAnswerError(path, status, text);
  if (isLeaderless(path, header("x-consul-knownleader")))
    throw new Error("consul knows no leader, so its answer may be old");
  const body: unknown = text === "" || isAbsent ? undefined : JSON.parse(text);
  const isFiltered = header("x-consul-results-filtered-by-acls") === "true";
  const answeredAt = Date.parse(header("date") ?? "");
  return { body, isAbsent, isFiltered, index: Number(index ?? 0), answeredAt };
}

/**
 * Answers about the catalog say whether the server knew a leader. Those of `agent/…` come from the agent's own cache and
 * repeat what was so when it was filled, which can be the moment of start-up and stays until the content changes.
 */
function isLeaderless(path: string, knowsLeader: string | undefined): boolean {
  return !path.startsWith("agent/") && knowsLeader === "false";
}
