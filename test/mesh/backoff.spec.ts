import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { Backoff } from "../../mesh/backoff.ts";

const OPTIONS = { base: 100, max: 1_000 };

function waits(backoff: Backoff, count: number): number[] {
  return Array.from({ length: count }, () => backoff.next());
}

describe("waiting times between attempts", () => {
  it("double with each failure up to the longest", () => {
    const backoff = new Backoff(OPTIONS, () => 1);
    assert.deepEqual(waits(backoff, 6), [100, 200, 400, 800, 1_000, 1_000]);
  });

  it("are at least half of that, so that many waiters do not return at once", () => {
    const backoff = new Backoff(OPTIONS, () => 0);
    assert.deepEqual(waits(backoff, 5), [50, 100, 200, 400, 500]);
  });

  it("begin anew after a success", () => {
    const backoff = new Backoff(OPTIONS, () => 1);
    waits(backoff, 5);
    backoff.reset();
    assert.equal(backoff.next(), 100);
  });

  it("stay between half the first and the longest, however often it fails", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000 }), (failures) => {
        const all = waits(new Backoff(OPTIONS), failures);
        assert.ok(all.every((wait) => wait >= OPTIONS.base / 2 && wait <= OPTIONS.max));
      }),
      { numRuns: 20 },
    );
  });
});
