import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, it } from "mocha";
import { systemClock } from "../../mesh/clock.ts";

describe("the system's clock", () => {
  it("never goes back", () => {
    const readings = Array.from({ length: 100 }, () => systemClock.monotonic());
    assert.deepEqual(
      readings,
      readings.toSorted((a, b) => a - b),
    );
  });

  it("tells people's time in milliseconds since the epoch", () => {
    assert.ok(Math.abs(systemClock.wall() - Date.now()) < 1_000);
  });

  it("sleeps about as long as asked", async () => {
    const before = systemClock.monotonic();
    await systemClock.sleep(20, new AbortController().signal);
    assert.ok(systemClock.monotonic() - before >= 15);
  });

  it("rejects with the signal's own reason when woken before its time", async () => {
    const stop = new AbortController();
    const sleeping = systemClock.sleep(60_000, stop.signal);
    const reason = new Error("stopped");
    stop.abort(reason);
    await assert.rejects(sleeping, (error) => error === reason);
    await assert.rejects(systemClock.sleep(1, stop.signal), (error) => error === reason);
  });

  // A timer of Node's beyond 2^31 ms fires at once: a certificate's renewal would become a busy loop.
  for (const days of [25, 50, 365]) {
    it(`sleeps through ${days} days`, async () => {
      const stop = new AbortController();
      let woken = false;
      const sleeping = systemClock.sleep(days * 86_400_000, stop.signal).then(
        () => {
          woken = true;
        },
        () => undefined,
      );
      await systemClock.sleep(5, new AbortController().signal);
      await nextTurn();
      assert.equal(woken, false);
      stop.abort();
      await sleeping;
    });
  }
});
