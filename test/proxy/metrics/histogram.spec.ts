// Times of requests, counted in buckets.
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { Histogram } from "../../../proxy/metrics/histogram.ts";

describe("a histogram of times", () => {
  it("has no quantiles before its first time", () => {
    const histogram = new Histogram();
    assert.deepEqual([histogram.count, histogram.quantile(0.5), histogram.quantile(1)], [0, 0, 0]);
  });

  it("tells apart what half and nearly all requests took", () => {
    const histogram = new Histogram();
    for (let request = 0; request < 98; request += 1) histogram.record(1);
    histogram.record(100);
    histogram.record(100);
    assert.ok(Math.abs(histogram.quantile(0.5) - 1) < 0.13);
    assert.ok(Math.abs(histogram.quantile(0.99) - 100) < 13);
    assert.equal(histogram.count, 100);
  });

  it("is right to an eighth for every time from 10 µs to 15 minutes", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 900_000, noNaN: true }), (time) => {
        const histogram = new Histogram();
        histogram.record(time);
        const seen = histogram.quantile(1);
        assert.ok(seen >= time * 0.999 && seen <= time * 1.126, `${seen} for ${time}`);
      }),
      { seed: 7, numRuns: 2_000 },
    );
  });

  it("counts what took for ever as very long", () => {
    const histogram = new Histogram();
    histogram.record(Number.MAX_VALUE);
    assert.ok(histogram.quantile(1) > 1_000_000);
  });
});
