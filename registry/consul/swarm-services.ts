// Swarm's services in Consul's KV, one entry each: any manager's agent may write it, by compare-and-set and never backwards;
// every agent follows all of them with one blocking query.
import { isDeepStrictEqual } from "node:util";
import { type Clock, systemClock } from "../../mesh/clock.ts";
import { describeError, MeshError } from "../../mesh/errors.ts";
import { FORMAT, isNewerFormat, refuseNewerFormat } from "../../mesh/format.ts";
import { quote } from "../../mesh/printable.ts";
import { isDocument } from "../stored-policy.ts";
import type { SwarmService, SwarmServices, SwarmServicesView } from "../swarm-services.ts";
import { follow } from "./blocking-query.ts";
import { type Answer, AT_ONCE, type BlockingQuery, type ConsulClient } from "./client.ts";
import { isStale } from "./errors.ts";
import type { KeyValue, TransactionOperation } from "./types.ts";

/** Below it, by id: the services. */
const SERVICES = "docker-mesh/swarm/services/";
// What notices that Consul hangs.
const LONGEST_WAIT = 10_000;
const ID = /^[A-Za-z0-9]{1,64}$/;
const HIDDEN =
  'Consul hides Swarm\'s services from the mesh\'s token, which needs key_prefix "docker-mesh/" with policy = "write"';

export interface ConsulSwarmServicesOptions {
  /** Stays the caller's, who disposes it after the last call. */
  readonly client: ConsulClient;
  readonly clock?: Clock;
}

/** Keeps the promises of swarm-services.ts with Consul. */
export class ConsulSwarmServices implements SwarmServices {
  readonly #client: ConsulClient;
  readonly #clock: Clock;

  constructor({ client, clock = systemClock }: ConsulSwarmServicesOptions) {
    this.#client = client;
    this.#clock = clock;
  }

  async record(services: readonly SwarmService[], signal: AbortSignal): Promise<void> {
    for (const service of services)
      await this.#replace(service.id, service.version - 1, signal, (Index) => {
        const { swarm, name, version, labels } = service;
        const text = JSON.stringify({ format: FORMAT, swarm, name, version, labels }, undefined, 2);
        const Value = Buffer.from(text).toString("base64");
        return { Verb: "cas", Key: SERVICES + service.id, Value, Index };
      });
  }

  async remove(id: string, version: number, signal: AbortSignal): Promise<void> {
    await this.#replace(id, version, signal, (Index) =>
      Index === 0 ? undefined : { Verb: "delete-cas", Key: SERVICES + id, Index },
    );
  }

  async *views(signal: AbortSignal): AsyncGenerator<SwarmServicesView, void, undefined> {
    let last: SwarmServicesView | undefined;
    const read = async (
      query: BlockingQuery,
      within: AbortSignal,
    ): Promise<Answer<SwarmServicesView>> => {
      const wait = Math.min(query.wait, LONGEST_WAIT);
      const answer = await this.#client.keyValues(SERVICES, { ...query, wait }, within);
      // What is hidden is not gone. Only for a single key does every version of Consul refuse it.
      if (answer.isFiltered) throw new MeshError("CATALOG_REFUSED", HIDDEN);
      if (answer.value.length === 0)
        await this.#client.keyValues(`${SERVICES}none`, AT_ONCE, within);
      return { value: toView(answer.value, last), index: answer.index };
    };
    for await (const view of follow(read, { clock: this.#clock }, signal)) {
      if (isDeepStrictEqual(view, last)) continue;
      last = view;
      yield view;
    }
  }

  /** Does the operation on the entry as it is, unless that is newer than `version`; again when somebody else was first. */
  async #replace(
    id: string,
    version: number,
    signal: AbortSignal,
    operation: (modifyIndex: number) => TransactionOperation["KV"] | undefined,
  ): Promise<void> {
    for (;;) {
      const { value } = await this.#client.keyValues(SERVICES + id, AT_ONCE, signal);
      const [entry] = value;
      if (entry !== undefined && versionOf(entry) > version) return;
      const KV = operation(entry?.ModifyIndex ?? 0);
      if (KV === undefined) return;
      try {
        await this.#client.transact([{ KV }], signal);
        return;
      } catch (error) {
        if (!isStale(error)) throw error;
      }
    }
  }
}

function toView(
  entries: readonly KeyValue[],
  before: SwarmServicesView | undefined,
): SwarmServicesView {
  const services = new Map<string, SwarmService>();
  const problems: string[] = [];
  // Consul's UI makes an entry for a folder.
  for (const entry of entries.filter(({ Key }) => Key !== SERVICES)) {
    try {
      const service = parseEntry(entry);
      services.set(service.id, service);
    } catch (error) {
      problems.push(`${entry.Key} in Consul's KV cannot be read (${describeError(error)})`);
      const kept = before?.services.get(entry.Key.slice(SERVICES.length));
      if (kept !== undefined) services.set(kept.id, kept);
    }
  }
  return { services, problems };
}

/** Whoever can write to Consul can write anything. */
function parseEntry({ Key, Value }: KeyValue): SwarmService {
  const id = Key.slice(SERVICES.length);
  if (!ID.test(id)) throw new Error("expected the id of a service in the key");
  const parsed: unknown = JSON.parse(Buffer.from(Value ?? "", "base64").toString());
  refuseNewerFormat(parsed);
  const { swarm, name, version, labels } = (parsed ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof swarm !== "string" || typeof name !== "string")
    throw new Error("expected the names of swarm and service");
  if (typeof version !== "number" || !Number.isSafeInteger(version))
    throw new Error(`expected a version, got ${quote(String(version))}`);
  if (!isDocument(labels)) throw new Error("expected labels with texts");
  return { id, swarm, name, version, labels };
}

/** What cannot be read is older than anything, but for what a later version has written. */
function versionOf(entry: KeyValue): number {
  try {
    return parseEntry(entry).version;
  } catch (error) {
    return isNewerFormat(error) ? Number.POSITIVE_INFINITY : -1;
  }
}
