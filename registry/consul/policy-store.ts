// Policies in Consul's KV. A write is one transaction of Consul's: the document in force by compare-and-set, its entry in
// the history, and the end of what is too old in it.
import { isDeepStrictEqual } from "node:util";
import { type Clock, systemClock } from "../../mesh/clock.ts";
import { describeError, MeshError } from "../../mesh/errors.ts";
import { isNewerFormat } from "../../mesh/format.ts";
import { MESH_WIDE } from "../../mesh/policy/document.ts";
import {
  MAX_HISTORY,
  type PoliciesView,
  type PolicyStore,
  policyConflict,
  type StoredPolicy,
} from "../policy-store.ts";
import { formatPolicy, parseStoredPolicy } from "../stored-policy.ts";
import { follow } from "./blocking-query.ts";
import { type Answer, AT_ONCE, type BlockingQuery, type ConsulClient } from "./client.ts";
import { isStale } from "./errors.ts";
import { historyKey, historyOf, POLICIES, policyKey, serviceOf, versionOf } from "./policy-keys.ts";
import type { KeyValue, TransactionOperation } from "./types.ts";

// What notices that Consul hangs.
const LONGEST_WAIT = 10_000;
// A transaction of Consul's has at most 64 operations.
const MOST_DELETIONS = 60;
const HIDDEN =
  'Consul hides policies from the mesh\'s token, which needs key_prefix "docker-mesh/" with policy = "write"';

export interface ConsulPolicyStoreOptions {
  /** Stays the caller's, who disposes it after the store's last call. */
  readonly client: ConsulClient;
  readonly clock?: Clock;
}

/** What Consul keeps of one service. */
interface Kept {
  /** The readable policy in force: the newest of the history where the entry itself cannot be read. */
  readonly inForce: StoredPolicy | undefined;
  /** Why it must not be written over: a later version has written it, and only that one can read it. */
  readonly newer: MeshError | undefined;
  /** Of the entry in force, for compare-and-set; 0 when there is none. */
  readonly modifyIndex: number;
  /** Newest first. */
  readonly history: readonly KeyValue[];
}

/** Keeps the promises of policy-store.ts with Consul. */
export class ConsulPolicyStore implements PolicyStore {
  readonly #client: ConsulClient;
  readonly #clock: Clock;
  // Answers of before are no news after the write that has this index.
  #writtenIndex = 0;

  constructor(options: ConsulPolicyStoreOptions) {
    this.#client = options.client;
    this.#clock = options.clock ?? systemClock;
  }

  async read(service: string, signal: AbortSignal): Promise<StoredPolicy | undefined> {
    return (await this.#kept(service, signal)).inForce;
  }

  async write(
    service: string,
    expected: number,
    { document, note }: Pick<StoredPolicy, "document" | "note">,
    signal: AbortSignal,
  ): Promise<StoredPolicy> {
    const kept = await this.#kept(service, signal);
    if (kept.newer !== undefined) throw kept.newer;
    const found = kept.inForce?.version ?? 0;
    if (found !== expected) throw policyConflict(service, expected, found);
    const newest = Math.max(found, ...kept.history.map(({ Key }) => versionOf(Key)));
    const writtenAt = this.#clock.wall();
    const policy = { service, version: newest + 1, document, writtenAt, note };
    try {
      const index = await this.#client.transact(toOperations(policy, kept), signal);
      this.#writtenIndex = Math.max(this.#writtenIndex, index);
    } catch (error) {
      if (isStale(error)) throw policyConflict(service, expected, undefined);
      throw error;
    }
    return policy;
  }

  async history(service: string, signal: AbortSignal): Promise<readonly StoredPolicy[]> {
    const { inForce, history } = await this.#kept(service, signal);
    const policies = readable(service, history);
    // An edit by hand has no entry in the history.
    const others = policies.filter(({ version }) => version !== inForce?.version);
    const all = inForce === undefined ? others : [inForce, ...others];
    return all.toSorted((a, b) => b.version - a.version).slice(0, MAX_HISTORY);
  }

  async *views(signal: AbortSignal): AsyncGenerator<PoliciesView, void, undefined> {
    let last: PoliciesView | undefined;
    const read = async (
      query: BlockingQuery,
      within: AbortSignal,
    ): Promise<Answer<IndexedView>> => {
      const wait = Math.min(query.wait, LONGEST_WAIT);
      const answer = await this.#client.keyValues(POLICIES, { ...query, wait }, within);
      const { index, value } = answer;
      // Consul hides what a token may not read; only for a single key does every version refuse it.
      if (value.length === 0) await this.#client.keyValues(policyKey(MESH_WIDE), AT_ONCE, within);
      return { value: { view: await this.#toView(answer, last, within), index }, index };
    };
    const onBreak = (): void => {
      this.#writtenIndex = 0;
    };
    for await (const { view, index } of follow(read, { clock: this.#clock, onBreak }, signal)) {
      if (index < this.#writtenIndex || isDeepStrictEqual(view, last)) continue;
      last = view;
      yield view;
    }
  }

  async #toView(
    { value: entries, isFiltered }: Answer<readonly KeyValue[]>,
    before: PoliciesView | undefined,
    signal: AbortSignal,
  ): Promise<PoliciesView> {
    // What is hidden is not gone: without it services would be open that are closed.
    if (isFiltered && before === undefined) throw new MeshError("CATALOG_REFUSED", HIDDEN);
    const policies = new Map(isFiltered ? before?.policies : undefined);
    const problems: string[] = isFiltered ? [HIDDEN] : [];
    // Consul's UI makes an entry for a folder.
    for (const entry of entries.filter(({ Key }) => Key !== POLICIES)) {
      const service = serviceOf(entry.Key);
      if (service === undefined) {
        problems.push(`expected the name of a service in Consul's KV, got the key ${entry.Key}`);
        continue;
      }
      let policy: StoredPolicy | undefined;
      try {
        policy = parseEntry(service, entry);
      } catch (error) {
        policy = before?.policies.get(service) ?? (await this.#newestOfHistory(service, signal));
        problems.push(unreadable(entry.Key, error, policy));
      }
      if (policy !== undefined) policies.set(service, policy);
    }
    return { policies, problems };
  }

  async #newestOfHistory(service: string, signal: AbortSignal): Promise<StoredPolicy | undefined> {
    return readable(service, await this.#history(service, signal))[0];
  }

  async #kept(service: string, signal: AbortSignal): Promise<Kept> {
    const [{ value }, history] = await Promise.all([
      this.#client.keyValues(policyKey(service), AT_ONCE, signal),
      this.#history(service, signal),
    ]);
    const [entry] = value;
    if (entry === undefined)
      return { inForce: undefined, newer: undefined, modifyIndex: 0, history };
    const inForce = readable(service, [entry])[0] ?? readable(service, history)[0];
    return { inForce, newer: newerFormat(service, entry), modifyIndex: entry.ModifyIndex, history };
  }

  async #history(service: string, signal: AbortSignal): Promise<readonly KeyValue[]> {
    const { value } = await this.#client.keyValues(historyOf(service), AT_ONCE, signal);
    return value.filter(({ Key }) => versionOf(Key) > 0).toReversed();
  }
}

interface IndexedView {
  readonly view: PoliciesView;
  readonly index: number;
}

function toOperations(policy: StoredPolicy, kept: Kept): readonly TransactionOperation[] {
  const { service, version } = policy;
  const text = JSON.stringify(formatPolicy(policy), undefined, 2);
  const Value = Buffer.from(text).toString("base64");
  const surplus = kept.history.slice(MAX_HISTORY - 1, MAX_HISTORY - 1 + MOST_DELETIONS);
  return [
    { KV: { Verb: "cas", Key: policyKey(service), Value, Index: kept.modifyIndex } },
    { KV: { Verb: "set", Key: historyKey(service, version), Value } },
    ...surplus.map(({ Key }) => ({ KV: { Verb: "delete" as const, Key } })),
  ];
}

function parseEntry(service: string, { Value }: KeyValue): StoredPolicy {
  return parseStoredPolicy(service, Buffer.from(Value ?? "", "base64").toString());
}

function newerFormat(service: string, entry: KeyValue): MeshError | undefined {
  try {
    parseEntry(service, entry);
    return undefined;
  } catch (error) {
    if (!isNewerFormat(error)) return undefined;
    const message = `the policy of ${service} in Consul's KV cannot be changed from here: ${error.message}`;
    return new MeshError("VERSION_MISMATCH", message);
  }
}

function readable(service: string, entries: readonly KeyValue[]): readonly StoredPolicy[] {
  return entries.flatMap((entry) => {
    try {
      return [parseEntry(service, entry)];
    } catch {
      return [];
    }
  });
}

function unreadable(key: string, error: unknown, policy: StoredPolicy | undefined): string {
  const stays =
    policy === undefined ? "nothing of it is in force" : `version ${policy.version} stays in force`;
  return `${key} in Consul's KV cannot be read (${describeError(error)}); ${stays}`;
}
