import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, it } from "mocha";
import { Drain } from "../../mesh/drain.ts";

/** Whether a drain started now is over after all that is due has run. */
async function isOver(draining: Promise<void>): Promise<boolean> {
  const pending = Symbol("pending");
  return (await Promise.race([draining, nextTurn(pending)])) !== pending;
}

describe("draining", () => {
  const noDeadline = new AbortController().signal;

  it("tells that it started, once and for good", async () => {
    const drain = new Drain();
    assert.equal(drain.draining, false);
    await drain.start(noDeadline);
    assert.equal(drain.draining, true);
    assert.equal(drain.signal.aborted, true);
  });

  it("is over at once when nothing is in flight", async () => {
    assert.equal(await isOver(new Drain().start(noDeadline)), true);
  });

  it("waits for the last that is in flight", async () => {
    const drain = new Drain();
    const [first, second] = [drain.hold(), drain.hold()];
    const draining = drain.start(noDeadline);
    first[Symbol.dispose]();
    assert.equal(await isOver(draining), false);
    second[Symbol.dispose]();
    assert.equal(await isOver(draining), true);
  });

  it("counts a guard that is disposed twice once", async () => {
    const drain = new Drain();
    const [first, second] = [drain.hold(), drain.hold()];
    const draining = drain.start(noDeadline);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    assert.equal(await isOver(draining), false);
    second[Symbol.dispose]();
    await draining;
  });

  it("waits for what begins while it is under way", async () => {
    const drain = new Drain();
    const first = drain.hold();
    const draining = drain.start(noDeadline);
    const late = drain.hold();
    first[Symbol.dispose]();
    assert.equal(await isOver(draining), false);
    late[Symbol.dispose]();
    await draining;
  });

  it("ends at its deadline whatever is still in flight", async () => {
    const drain = new Drain();
    using _held = drain.hold();
    const deadline = new AbortController();
    const draining = drain.start(deadline.signal);
    assert.equal(await isOver(draining), false);
    deadline.abort();
    await draining;
    await drain.start(deadline.signal);
  });
});
