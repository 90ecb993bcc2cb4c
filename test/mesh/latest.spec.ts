import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, it } from "mocha";
import { Latest } from "../../mesh/latest.ts";

describe("the mailbox with one slot", () => {
  it("has no value before the first", () => {
    assert.equal(new Latest<number>().value, undefined);
  });

  it("gives a new reader the newest value at once", async () => {
    const latest = new Latest<number>();
    latest.set(1);
    latest.set(2);
    const reader = latest.values(new AbortController().signal);
    assert.deepEqual(await reader.next(), { done: false, value: 2 });
    await reader.return();
  });

  it("lets a slow reader skip what was overwritten meanwhile", async () => {
    const latest = new Latest<number>();
    const reader = latest.values(new AbortController().signal);
    latest.set(1);
    const seen = [(await reader.next()).value];
    for (const value of [2, 3, 4]) latest.set(value);
    seen.push((await reader.next()).value);
    assert.deepEqual(seen, [1, 4]);
    await reader.return();
  });

  it("wakes every reader that waits", async () => {
    const latest = new Latest<string>();
    const { signal } = new AbortController();
    const readers = [latest.values(signal), latest.values(signal)];
    const waiting = Promise.all(readers.map((reader) => reader.next()));
    latest.set("news");
    assert.deepEqual(
      (await waiting).map(({ value }) => value),
      ["news", "news"],
    );
    for (const reader of readers) await reader.return();
  });

  it("gives equal values again when they are set again", async () => {
    const latest = new Latest<undefined>();
    const reader = latest.values(new AbortController().signal);
    for (let round = 0; round < 2; round += 1) {
      latest.set(undefined);
      assert.equal((await reader.next()).done, false);
    }
    await reader.return();
  });

  it("ends without an error when the signal aborts, waiting or not", async () => {
    const latest = new Latest<number>();
    const stop = new AbortController();
    const waiting = latest.values(stop.signal).next();
    stop.abort(new Error("stopped"));
    assert.equal((await waiting).done, true);
    latest.set(1);
    assert.equal((await latest.values(stop.signal).next()).done, true);
  });

  it("keeps one reader waiting when another one's signal aborts", async () => {
    const latest = new Latest<number>();
    const stop = new AbortController();
    const [ending, staying] = [stop.signal, new AbortController().signal].map((signal) =>
      latest.values(signal),
    );
    assert.ok(ending !== undefined && staying !== undefined);
    const [ended, waiting] = [ending.next(), staying.next()];
    stop.abort();
    assert.equal((await ended).done, true);
    await nextTurn();
    latest.set(7);
    assert.equal((await waiting).value, 7);
    await staying.return();
  });
});
