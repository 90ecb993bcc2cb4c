// The promises of registry/policy-store.ts as a suite that every store passes. Numbers in titles are the promises'.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { MeshError } from "../../mesh/errors.ts";
import {
  MAX_HISTORY,
  type PoliciesView,
  type PolicyStore,
  type StoredPolicy,
} from "../../registry/policy-store.ts";
import { eventually } from "../helpers/eventually.ts";
import { Reader } from "./reader.ts";

/** An empty store. Disposing it removes what the test left there. */
export interface PolicyStoreRig extends AsyncDisposable {
  readonly store: PolicyStore;
  /** The store of another agent, where others may use the same policies; else the same. */
  readonly peer: PolicyStore;
  /** The same policies after a restart; nothing is written through any other store from then on. */
  reopen(): Promise<PolicyStore>;
}

/** What happened to each of several writers at once. */
interface Outcomes {
  readonly winners: readonly StoredPolicy[];
  readonly losers: readonly unknown[];
}

const RANDOM = { document: { "balance.algorithm": "random" }, note: "set balance.algorithm" };
const MAGLEV = { document: { "balance.algorithm": "maglev" }, note: "edit" };
const isConflict = (error: unknown): boolean =>
  error instanceof MeshError && error.code === "POLICY_CONFLICT";

/** Names that a service may have, and some that somebody could try. */
const NAMES = ["*", "orders", "shop-orders", "a.b", "..", "a/b", "50%", "ünïcode", "constructor"];

/** `openRig` gives stores that share nothing with each other. */
export function policyStoreConformance(name: string, openRig: () => Promise<PolicyStoreRig>): void {
  describe(`${name} keeps the policy store's promises`, () => {
    let used: AsyncDisposableStack;
    let rig: PolicyStoreRig;
    let store: PolicyStore;
    let abort: AbortController;
    let signal: AbortSignal;

    beforeEach(async () => {
      used = new AsyncDisposableStack();
      rig = used.use(await openRig());
      store = rig.store;
      abort = new AbortController();
      signal = abort.signal;
    });
    afterEach(async () => {
      abort.abort();
      await used.disposeAsync();
    });

    const read = (from: PolicyStore = store): Reader<PoliciesView> => used.use(new Reader(from));
    const versions = async (service: string): Promise<readonly number[]> =>
      (await store.history(service, signal)).map(({ version }) => version);
    async function writeAll(service: string, count: number): Promise<void> {
      for (let expected = 0; expected < count; expected += 1)
        await store.write(service, expected, RANDOM, signal);
    }
    async function race(service: string, expected: number, writers: number): Promise<Outcomes> {
      const writes = Array.from({ length: writers }, (_, writer) =>
        (writer % 2 === 0 ? store : rig.peer).write(
          service,
          expected,
          { ...RANDOM, note: `writer ${writer}` },
          signal,
        ),
      );
      const settled = await Promise.allSettled(writes);
      return {
        winners: settled.flatMap((write) => (write.status === "fulfilled" ? [write.value] : [])),
        losers: settled.flatMap((write) => (write.status === "rejected" ? [write.reason] : [])),
      };
    }

    it("has nothing at first", async () => {
      assert.equal(await store.read("orders", signal), undefined);
      assert.deepEqual(await store.history("orders", signal), []);
      const reader = read();
      await eventually(() =>
        assert.deepEqual(reader.newest, { policies: new Map(), problems: [] }),
      );
    });

    for (const service of NAMES) {
      it(`1: gives back what was written for ${JSON.stringify(service)}, and to nobody else`, async () => {
        const written = await store.write(service, 0, RANDOM, signal);
        assert.deepEqual(
          { ...written, writtenAt: 0 },
          { service, version: 1, ...RANDOM, writtenAt: 0 },
        );
        assert.ok(Number.isSafeInteger(written.writtenAt) && written.writtenAt > 0);
        for (const from of [store, rig.peer, await rig.reopen()]) {
          assert.deepEqual(await from.read(service, signal), written);
          assert.deepEqual(await from.history(service, signal), [written]);
          assert.equal(await from.read(`${service}2`, signal), undefined);
          const reader = read(from);
          await eventually(() => assert.deepEqual(reader.newest?.policies.get(service), written));
          assert.deepEqual(reader.newest?.problems, []);
        }
      });
    }

    it("1: keeps whatever texts a document has", async () => {
      const document = { "route.1.match": '/ü\u0000"\\\n\u2028', [" "]: "", ["__proto__"]: "x" };
      await store.write("orders", 0, { document, note: "\u{1f980}" }, signal);
      const kept = await (await rig.reopen()).read("orders", signal);
      assert.deepEqual(Object.entries(kept?.document ?? {}), Object.entries(document));
      assert.equal(kept?.note, "\u{1f980}");
    });

    for (const [expected, found] of [
      [0, "found version 2"],
      [1, "found version 2"],
      [3, "found version 2"],
      [-1, "found version 2"],
    ] as const) {
      it(`1: refuses a write that expects version ${expected} when it is 2, and changes nothing`, async () => {
        await writeAll("orders", 2);
        const before = await store.history("orders", signal);
        await assert.rejects(
          store.write("orders", expected, MAGLEV, signal),
          (error: Error) => isConflict(error) && error.message.includes(found),
        );
        assert.deepEqual(await store.history("orders", signal), before);
        assert.deepEqual(await store.read("orders", signal), before[0]);
      });
    }

    it("1: refuses a first write that expects a version", async () => {
      await assert.rejects(store.write("orders", 1, RANDOM, signal), isConflict);
      assert.equal(await store.read("orders", signal), undefined);
    });

    for (const writers of [2, 12]) {
      it(`1: lets exactly one of ${writers} writers at once win each version`, async () => {
        for (let expected = 0; expected < 4; expected += 1) {
          const { winners, losers } = await race("orders", expected, writers);
          assert.equal(winners.length, 1);
          assert.ok(losers.every(isConflict));
          assert.deepEqual(await store.read("orders", signal), winners[0]);
        }
        assert.deepEqual(await versions("orders"), [4, 3, 2, 1]);
      });
    }

    it("1: loses no write of writers who try again after a conflict", async () => {
      const notes = Array.from({ length: 8 }, (_, index) => `writer ${index}`);
      await Promise.all(
        notes.map((note, index) => insist(index % 2 === 0 ? store : rig.peer, note)),
      );
      const history = await store.history("orders", signal);
      assert.deepEqual(history.map(({ note }) => note).toSorted(), notes);
      assert.deepEqual(await versions("orders"), [8, 7, 6, 5, 4, 3, 2, 1]);
    });

    it("1: counts each service for itself", async () => {
      await writeAll("orders", 3);
      await writeAll("orders-2", 1);
      await writeAll("*", 2);
      assert.deepEqual(await versions("orders"), [3, 2, 1]);
      assert.deepEqual(await versions("orders-2"), [1]);
      assert.deepEqual(await versions("*"), [2, 1]);
    });

    it("1: counts on after an empty document", async () => {
      await store.write("orders", 0, RANDOM, signal);
      const emptied = await store.write("orders", 1, { document: {}, note: "reset" }, signal);
      assert.equal(emptied.version, 2);
      assert.deepEqual(await store.read("orders", signal), emptied);
      assert.equal((await store.write("orders", 2, MAGLEV, signal)).version, 3);
    });

    it("2: shows a write to itself and to others as soon as it is done", async () => {
      const reader = read();
      const other = read(rig.peer);
      for (let version = 0; version < 10; version += 1) {
        const written = await store.write("orders", version, RANDOM, signal);
        const seen = reader.views.length;
        assert.deepEqual(await store.read("orders", signal), written);
        await eventually(() => assert.deepEqual(reader.newest?.policies.get("orders"), written));
        const later = reader.views.slice(seen).map(({ policies }) => policies.get("orders"));
        assert.ok(later.every((policy) => policy?.version === written.version));
      }
      await eventually(() => assert.equal(other.newest?.policies.get("orders")?.version, 10));
    });

    it("3: gives views that never go back and never repeat", async () => {
      const reader = read();
      await eventually(() => assert.ok(reader.newest));
      await writeAll("orders", 8);
      await eventually(() => assert.equal(reader.newest?.policies.get("orders")?.version, 8));
      const seen = reader.views.map(({ policies }) => policies.get("orders")?.version ?? 0);
      assert.deepEqual(
        seen,
        [...new Set(seen)].toSorted((a, b) => a - b),
      );
    });

    it("3: shows a slow reader the newest alone", async () => {
      const slow = store.views(signal)[Symbol.asyncIterator]();
      assert.equal((await slow.next()).value?.policies.size, 0);
      await writeAll("orders", 5);
      const { value } = await slow.next();
      assert.equal(value?.policies.get("orders")?.version, 5);
      await slow.return?.();
    });

    it("3: shows every service in the order of their names", async () => {
      for (const service of ["web", "*", "orders"]) await store.write(service, 0, RANDOM, signal);
      const reader = read();
      await eventually(() =>
        assert.deepEqual([...(reader.newest?.policies.keys() ?? [])], ["*", "orders", "web"]),
      );
    });

    it(`4: keeps the newest ${MAX_HISTORY} versions`, async () => {
      await writeAll("orders", MAX_HISTORY + 3);
      const newest = Array.from({ length: MAX_HISTORY }, (_, index) => MAX_HISTORY + 3 - index);
      assert.deepEqual(await versions("orders"), newest);
      const other = await rig.reopen();
      assert.deepEqual(
        await other.history("orders", signal),
        await store.history("orders", signal),
      );
    });

    it("5: rejects with the reason of an abort, ends views, and has changed nothing", async () => {
      const reason = new Error("enough");
      const views = store.views(signal)[Symbol.asyncIterator]();
      await views.next();
      const waiting = views.next();
      abort.abort(reason);
      await assert.rejects(store.read("orders", signal), reason);
      await assert.rejects(store.write("orders", 0, RANDOM, signal), reason);
      await assert.rejects(store.history("orders", signal), reason);
      assert.equal((await waiting).done, true);
      const late = store.views(signal)[Symbol.asyncIterator]();
      assert.equal((await late.next()).done, true);
      assert.equal(await store.read("orders", AbortSignal.timeout(5_000)), undefined);
    });

    it("5: lets a write be aborted at any moment, and it is whole or not at all", async () => {
      let version = 0;
      for (const turns of [0, 1, 2, 5, 20]) {
        const stop = new AbortController();
        const write = store.write("orders", version, RANDOM, stop.signal);
        const settled = Promise.allSettled([write]);
        for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
        stop.abort();
        await settled;
        // What has left may still arrive.
        await eventually(async () => {
          const inForce = await store.read("orders", signal);
          assert.deepEqual((await store.history("orders", signal))[0], inForce);
          version = inForce?.version ?? 0;
        });
      }
      await insist(store, "last");
      assert.equal((await store.history("orders", signal))[0]?.note, "last");
    });
  });
}

/** Reads and writes until nobody else comes between. */
async function insist(store: PolicyStore, note: string): Promise<void> {
  const signal = AbortSignal.timeout(10_000);
  for (;;) {
    const version = (await store.read("orders", signal))?.version ?? 0;
    try {
      await store.write("orders", version, { ...RANDOM, note }, signal);
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}
