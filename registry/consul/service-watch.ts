// All instances of the mesh as Consul lists them now: one blocking query for the service names and one for each service. Where
// Consul allows fewer they take turns, and one more query tells what deserves a look out of turn.
// Here is only what Consul says; what of it to believe is loss-guard.ts's question.
import type { Clock } from "../../mesh/clock.ts";
import { Latest } from "../../mesh/latest.ts";
import { ValuePool } from "../../mesh/value-pool.ts";
import { follow } from "./blocking-query.ts";
import type { Answer, BlockingQuery, ConsulClient } from "./client.ts";
import { criticalHints, type Hint } from "./critical-hints.ts";
import { FollowedService } from "./followed-service.ts";
import type { ObservedEntry } from "./loss-guard.ts";
import { MESH_TAG } from "./registration.ts";

/** Of the queries that may wait: with fewer left, services take turns already, so that one that is new need not wait long for its own. */
const KEPT_FREE = 0.1;

export interface ServiceWatchOptions {
  readonly client: ConsulClient;
  readonly clock: Clock;
  /** See FollowOptions.onBreak; of any of the queries. */
  readonly onBreak: () => void;
  /**
   * Longest wait of the query for the names, ms. It is what notices that Consul hangs, and it must do so before healths
   * expire that nobody could repeat.
   */
  readonly heartbeat: number;
}

type ServiceNames = Readonly<Record<string, readonly string[]>>;

interface Member {
  readonly service: FollowedService;
  readonly stop: AbortController;
  readonly signal: AbortSignal;
}

/** Follows Consul while {@link run} runs. */
export class ServiceWatch {
  /** Set after each answer. */
  readonly answers: Latest<true> = new Latest();
  readonly #options: ServiceWatchOptions;
  readonly #pool = new ValuePool();
  readonly #members = new Map<string, Member>();
  readonly #tasks = new Set<Promise<void>>();
  #hinted: AbortController | undefined;
  #namesKnown = false;
  #complete = false;

  constructor(options: ServiceWatchOptions) {
    this.#options = options;
  }

  /** All instances that are there whole; undefined until every service has been asked once. */
  entries(): readonly ObservedEntry[] | undefined {
    const lists = [...this.#members.values()].map(({ service }) => service.entries);
    this.#complete ||= this.#namesKnown && !lists.includes(undefined);
    return this.#complete ? lists.flatMap((entries) => entries ?? []) : undefined;
  }

  /** Resolves when the signal has aborted and nothing of it runs any more. */
  async run(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const inner = AbortSignal.any([signal, failed.signal]);
    const onFailure = (error: unknown): void => failed.abort(error);
    const read = (query: BlockingQuery, within: AbortSignal): Promise<Answer<ServiceNames>> =>
      this.#readNames(query, within);
    for await (const names of follow(read, this.#options, inner)) {
      const ours = new Set(Object.keys(names).filter((name) => names[name]?.includes(MESH_TAG)));
      this.#stopOthers(ours);
      for (const name of ours) {
        if (!this.#members.has(name)) this.#start(name, inner, onFailure);
      }
      this.#followHints(inner, onFailure);
      this.#namesKnown = true;
      this.answers.set(true);
    }
    await Promise.all(this.#tasks);
    if (failed.signal.aborted) throw failed.signal.reason;
  }

  async #readNames(query: BlockingQuery, signal: AbortSignal): Promise<Answer<ServiceNames>> {
    const { client, heartbeat } = this.#options;
    // At the beginning and after each failure: Consul may have been started with another limit for connections. What is wrong
    // with it the query itself tells; a token that may not ask for settings is no reason to stop.
    if (query.index === 0) await client.self(signal).catch(() => undefined);
    return await client.serviceNames({ ...query, wait: Math.min(query.wait, heartbeat) }, signal);
  }

  #takesTurns(): boolean {
    return this.#members.size > this.#options.client.turns.serviceWaits.total * (1 - KEPT_FREE);
  }

  /** Only while services take turns: else each has a query that hears of everything by itself. */
  #followHints(signal: AbortSignal, onFailure: (error: unknown) => void): void {
    if (this.#takesTurns() === (this.#hinted !== undefined)) return;
    this.#hinted?.abort();
    this.#hinted = this.#takesTurns() ? new AbortController() : undefined;
    if (this.#hinted === undefined) return;
    const within = AbortSignal.any([signal, this.#hinted.signal]);
    this.#own(this.#lookAtHints(within).catch(onFailure));
  }

  async #lookAtHints(signal: AbortSignal): Promise<void> {
    const { client, clock, heartbeat } = this.#options;
    for await (const hints of criticalHints(client, clock, heartbeat, signal))
      for (const hint of hints) this.#lookAt(hint);
  }

  #lookAt(hint: Hint): void {
    for (const [name, { service, signal }] of this.#members)
      if ("node" in hint ? service.isOn(hint.node) : name === hint.service)
        this.#own(service.look(signal));
  }

  #stopOthers(names: ReadonlySet<string>): void {
    for (const [name, { stop }] of this.#members) {
      if (names.has(name)) continue;
      stop.abort();
      this.#members.delete(name);
    }
  }

  #start(name: string, signal: AbortSignal, onFailure: (error: unknown) => void): void {
    const service = new FollowedService(name, {
      ...this.#options,
      pool: this.#pool,
      takesTurns: () => this.#takesTurns(),
      onAnswer: () => this.answers.set(true),
    });
    const stop = new AbortController();
    const within = AbortSignal.any([signal, stop.signal]);
    this.#members.set(name, { service, stop, signal: within });
    this.#own(service.run(within).catch(onFailure));
  }

  #own(work: Promise<void>): void {
    const task = work.finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }
}
