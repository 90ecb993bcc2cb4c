// All instances of the mesh as Consul lists them now: one blocking query for the service names, one for each service.
// Here is only what Consul says; what of it to believe is loss-guard.ts's question.
import type { Clock } from "../../mesh/clock.ts";
import { Latest } from "../../mesh/latest.ts";
import { follow } from "./blocking-query.ts";
import type { Answer, BlockingQuery, ConsulClient } from "./client.ts";
import { FollowedService } from "./followed-service.ts";
import type { ObservedEntry } from "./loss-guard.ts";
import { MESH_TAG } from "./registration.ts";
import { Slots } from "./slots.ts";

// Consul takes 200 connections from one address. With more services than this their queries take turns.
const CONCURRENT_QUERIES = 96;

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
}

/** Follows Consul while {@link run} runs. */
export class ServiceWatch {
  /** Set after each answer. */
  readonly answers: Latest<true> = new Latest();
  readonly #options: ServiceWatchOptions;
  readonly #slots = new Slots(CONCURRENT_QUERIES);
  readonly #members = new Map<string, Member>();
  readonly #tasks = new Set<Promise<void>>();
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
    const { client, heartbeat } = this.#options;
    const failed = new AbortController();
    const inner = AbortSignal.any([signal, failed.signal]);
    const read = (query: BlockingQuery, within: AbortSignal): Promise<Answer<ServiceNames>> =>
      client.serviceNames({ ...query, wait: Math.min(query.wait, heartbeat) }, within);
    for await (const names of follow(read, this.#options, inner)) {
      const ours = new Set(Object.keys(names).filter((name) => names[name]?.includes(MESH_TAG)));
      this.#stopOthers(ours);
      for (const name of ours) {
        if (!this.#members.has(name)) this.#start(name, inner, (error) => failed.abort(error));
      }
      this.#namesKnown = true;
      this.answers.set(true);
    }
    await Promise.all(this.#tasks);
    if (failed.signal.aborted) throw failed.signal.reason;
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
      slots: this.#slots,
      onAnswer: () => this.answers.set(true),
    });
    const stop = new AbortController();
    this.#members.set(name, { service, stop });
    const task = service
      .run(AbortSignal.any([signal, stop.signal]))
      .catch(onFailure)
      .finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }
}
