// The instances of one service as Consul lists them: a blocking query on the service, and a look at its sidecars after
// each answer. An instance counts only when both are there: Consul learns of the two one after the other.
import type { Clock } from "../../mesh/clock.ts";
import { follow } from "./blocking-query.ts";
import type { Answer, BlockingQuery, ConsulClient } from "./client.ts";
import { fromChecks } from "./health.ts";
import type { ObservedEntry } from "./loss-guard.ts";
import { fromService } from "./registration.ts";
import type { Slots } from "./slots.ts";
import type { HealthEntry } from "./types.ts";

const SHORT_WAIT = 1_000;

export interface FollowedServiceOptions {
  readonly client: ConsulClient;
  readonly clock: Clock;
  /** Bounds the queries that wait at the same time, over all services. */
  readonly slots: Slots;
  /** See FollowOptions.onBreak. */
  readonly onBreak: () => void;
  /** Called after each answer. */
  readonly onAnswer: () => void;
}

/** Follows one service while {@link run} runs. */
export class FollowedService {
  readonly #name: string;
  readonly #options: FollowedServiceOptions;
  #entries: readonly ObservedEntry[] | undefined;
  #incomplete = false;

  constructor(name: string, options: FollowedServiceOptions) {
    this.#name = name;
    this.#options = options;
  }

  /** The instances of the last answer; undefined before the first. */
  get entries(): readonly ObservedEntry[] | undefined {
    return this.#entries;
  }

  /** Resolves when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { slots, onAnswer } = this.#options;
    const read = (
      query: BlockingQuery,
      within: AbortSignal,
    ): Promise<Answer<readonly ObservedEntry[]>> =>
      slots.run(() => this.#read(query, within), within);
    for await (const entries of follow(read, this.#options, signal)) {
      this.#entries = entries;
      onAnswer();
    }
  }

  async #read(
    query: BlockingQuery,
    signal: AbortSignal,
  ): Promise<Answer<readonly ObservedEntry[]>> {
    const { client, slots } = this.#options;
    const wait = this.#incomplete || slots.crowded ? SHORT_WAIT : query.wait;
    const answer = await client.serviceHealth(this.#name, { index: query.index, wait }, signal);
    const sidecars =
      answer.value.length === 0 ? [] : await client.sidecarHealth(this.#name, signal);
    const whole = wholeInstances(answer.value, sidecars);
    this.#incomplete = whole.length < answer.value.length;
    return { value: whole, index: answer.index };
  }
}

/** The instances among the services that the mesh registered and that have a sidecar on their node. Pure. */
export function wholeInstances(
  services: readonly HealthEntry[],
  sidecars: readonly HealthEntry[],
): readonly ObservedEntry[] {
  const key = (entry: HealthEntry, id: string | undefined): string => `${entry.Node.Node}/${id}`;
  const covered = new Set(
    sidecars.map((entry) => key(entry, entry.Service.Proxy?.DestinationServiceID)),
  );
  return services.flatMap((entry) => {
    const instance = fromService(entry.Service);
    if (instance === undefined || !covered.has(key(entry, instance.id))) return [];
    return [{ instance, nodeAddress: entry.Node.Address, ...fromChecks(entry.Checks) }];
  });
}
