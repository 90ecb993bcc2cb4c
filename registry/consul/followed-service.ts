// The instances of one service as Consul lists them: a blocking query on the service, and a look at its sidecars after
// each answer. An instance counts only when both are there: Consul learns of the two one after the other.
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../mesh/clock.ts";
import type { Instance } from "../../mesh/model.ts";
import { ownCopy, type ValuePool } from "../../mesh/value-pool.ts";
import { follow } from "./blocking-query.ts";
import { type Answer, AT_ONCE, type BlockingQuery, type ConsulClient } from "./client.ts";
import { fromChecks } from "./health.ts";
import type { ObservedEntry } from "./loss-guard.ts";
import { fromService } from "./registration.ts";
import type { HealthEntry } from "./types.ts";

/** While others are in line, or while an instance is not there whole, ms. */
const SHORT_WAIT = 1_000;
/** Sidecars change without their service: they are looked at again after this long, ms. */
const SIDECARS_AGAIN = 60_000;

export interface FollowedServiceOptions {
  readonly client: ConsulClient;
  readonly clock: Clock;
  readonly pool: ValuePool;
  /** Whether there are more services than queries that may wait, so that they take turns. */
  readonly takesTurns: () => boolean;
  /** See FollowOptions.onBreak. */
  readonly onBreak: () => void;
  /** Called after each answer that may say something new. */
  readonly onAnswer: () => void;
}

/** Follows one service while {@link run} runs. */
export class FollowedService {
  readonly #name: string;
  readonly #options: FollowedServiceOptions;
  #entries: readonly ObservedEntry[] | undefined;
  /** Of Consul's nodes. */
  #nodes: ReadonlySet<string> = new Set();
  #index = 0;
  #incomplete = false;
  #sidecarsSeenAt = 0;
  #waits = false;
  #looking = false;
  #lookAgain = false;

  constructor(name: string, options: FollowedServiceOptions) {
    this.#name = name;
    this.#options = options;
  }

  /** The instances of the last answer; undefined before the first. */
  get entries(): readonly ObservedEntry[] | undefined {
    return this.#entries;
  }

  isOn(node: string): boolean {
    return this.#nodes.has(node);
  }

  /** Resolves when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const read = (query: BlockingQuery, within: AbortSignal): Promise<Answer<boolean>> =>
      this.#read(query, within);
    for await (const isNews of follow(read, this.#options, signal)) {
      if (isNews) this.#options.onAnswer();
    }
  }

  /** Asks out of turn, since something has happened; does nothing where a query waits that will hear of it. */
  async look(signal: AbortSignal): Promise<void> {
    if (this.#waits || this.#entries === undefined) return;
    this.#lookAgain = true;
    if (this.#looking) return;
    this.#looking = true;
    try {
      while (this.#lookAgain) {
        this.#lookAgain = false;
        await this.#take(await this.#readNow(AT_ONCE, signal), signal);
        this.#options.onAnswer();
      }
    } catch {
      // It was a short cut: the query whose turn comes tells of failures.
    } finally {
      this.#looking = false;
    }
  }

  /** Whether there may be news. The first question is answered at once, others wait when it is their turn. */
  async #read(query: BlockingQuery, signal: AbortSignal): Promise<Answer<boolean>> {
    const { index } = query;
    const { serviceWaits } = this.#options.client.turns;
    const answer =
      index === 0
        ? await this.#readNow(query, signal)
        : await serviceWaits.run(() => this.#wait(query, signal), signal);
    if (index > 0 && answer.index === index && !this.#isDue) return { value: false, index };
    // The index went back: it is asked from the beginning, and the answer to that counts whatever was known.
    if (answer.index < index) return { value: false, index: answer.index };
    if (index === 0) this.#index = 0;
    await this.#take(answer, signal);
    return { value: true, index: answer.index };
  }

  #readNow(query: BlockingQuery, signal: AbortSignal): Promise<Answer<readonly HealthEntry[]>> {
    const { client } = this.#options;
    const read = (): Promise<Answer<readonly HealthEntry[]>> =>
      client.serviceHealth(this.#name, query, signal);
    return client.turns.serviceReads.run(read, signal);
  }

  #readSidecars(signal: AbortSignal): Promise<readonly HealthEntry[]> {
    const { client } = this.#options;
    const read = (): Promise<readonly HealthEntry[]> => client.sidecarHealth(this.#name, signal);
    return client.turns.serviceReads.run(read, signal);
  }

  async #wait(
    { index, wait }: BlockingQuery,
    signal: AbortSignal,
  ): Promise<Answer<readonly HealthEntry[]>> {
    const { client, takesTurns } = this.#options;
    const shortened = this.#incomplete || takesTurns() ? SHORT_WAIT : wait;
    this.#waits = true;
    try {
      return await client.serviceHealth(this.#name, { index, wait: shortened }, signal);
    } finally {
      this.#waits = false;
    }
  }

  /** Whether sidecars must be looked at though nothing is new. */
  get #isDue(): boolean {
    const age = this.#options.clock.monotonic() - this.#sidecarsSeenAt;
    return this.#incomplete || age > SIDECARS_AGAIN;
  }

  async #take(answer: Answer<readonly HealthEntry[]>, signal: AbortSignal): Promise<void> {
    const { value: services, index } = answer;
    const sidecars = services.length === 0 ? [] : await this.#readSidecars(signal);
    // Two may be under way: the one that was asked for last may be answered first.
    if (index < this.#index) return;
    this.#sidecarsSeenAt = this.#options.clock.monotonic();
    this.#index = index;
    this.#nodes = new Set(services.map(({ Node }) => Node.Node));
    this.#entries = wholeInstances(services, sidecars, this.#options.pool, this.#entries);
    this.#incomplete = this.#entries.length < services.length;
  }
}

/**
 * The instances among the services that the mesh registered and that have a sidecar on their node. One that is as it was
 * before is the same object: whoever works with it sees at a glance that nothing is to be done. Pure.
 */
export function wholeInstances(
  services: readonly HealthEntry[],
  sidecars: readonly HealthEntry[],
  pool: ValuePool,
  before: readonly ObservedEntry[] = [],
): readonly ObservedEntry[] {
  const key = (entry: HealthEntry, id: string | undefined): string => `${entry.Node.Node}/${id}`;
  const covered = new Set(
    sidecars.map((entry) => key(entry, entry.Service.Proxy?.DestinationServiceID)),
  );
  const known = new Map(before.map(({ instance }) => [instance.id, instance]));
  const whole = services.flatMap((entry) => {
    const read = fromService(entry.Service);
    if (read === undefined || !covered.has(key(entry, read.id))) return [];
    const last = known.get(read.id);
    const instance =
      last !== undefined && isDeepStrictEqual(last, read) ? last : pooled(read, pool);
    const nodeName = pool.text(entry.Node.Node);
    const nodeAddress = pool.text(entry.Node.Address);
    return [{ instance, nodeName, nodeAddress, ...fromChecks(entry.Checks) }];
  });
  // Views are sorted by id: lists that are sorted one by one are nearly so together, which costs a sort next to nothing.
  return whole.sort((a, b) => (a.instance.id < b.instance.id ? -1 : 1));
}

/** The instance with what others have as well in common with them. Id, container and addresses are its own. */
function pooled(instance: Instance, pool: ValuePool): Instance {
  return {
    ...instance,
    service: pool.text(instance.service),
    alias: pool.text(instance.alias),
    project: pool.text(instance.project),
    version: pool.text(instance.version),
    node: pool.text(instance.node),
    ports: pool.list(instance.ports),
    networks: instance.networks.map(({ networkId, networkName, address }) => ({
      networkId: pool.text(networkId),
      networkName: pool.text(networkName),
      address: ownCopy(address),
    })),
  };
}
