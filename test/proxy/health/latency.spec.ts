// The latency that peak EWMA goes by.
import assert from "node:assert/strict";
import { PeakLatency } from "../../../proxy/health/latency.ts";

const DECAY = 10_000;

function near(actual: number, expected: number): void {
  assert.ok(
    Math.abs(actual - expected) < 0.01 * Math.max(1, expected),
    `${actual}, not ${expected}`,
  );
}

describe("an endpoint's latency", () => {
  it("is nothing before the first answer", () => {
    const latency = new PeakLatency(DECAY);
    assert.equal(latency.unknown, true);
    assert.equal(latency.at(5_000), 0);
  });

  it("takes a peak at once", () => {
    const latency = new PeakLatency(DECAY);
    latency.observe(10, 0);
    latency.observe(500, 1);
    assert.equal(latency.at(1), 500);
  });

  it("comes down slowly when answers are fast again", () => {
    const latency = new PeakLatency(DECAY);
    latency.observe(500, 0);
    for (let now = 100; now <= DECAY; now += 100) latency.observe(10, now);
    near(latency.at(DECAY), 500 / Math.E + 10 * (1 - 1 / Math.E));
    for (let now = DECAY; now <= 20 * DECAY; now += 100) latency.observe(10, now);
    near(latency.at(20 * DECAY), 10);
  });

  it("falls to 1/e over the decay time while nothing is heard", () => {
    const latency = new PeakLatency(DECAY);
    latency.observe(100, 1_000);
    near(latency.at(1_000 + DECAY), 100 / Math.E);
    assert.equal(latency.at(0), 100);
  });

  it("follows a new decay time", () => {
    const latency = new PeakLatency(DECAY);
    latency.observe(100, 0);
    latency.decay = 1_000;
    near(latency.at(1_000), 100 / Math.E);
  });

  it("is not lowered by a fast failure, and is raised by a slow one", () => {
    const latency = new PeakLatency(DECAY);
    latency.observe(100, 0);
    latency.observeFailure(1, 0);
    assert.equal(latency.at(0), 100);
    latency.observeFailure(300, 0);
    assert.equal(latency.at(0), 300);
  });

  it("is 30 ms at least for an endpoint that has done nothing but fail", () => {
    const latency = new PeakLatency(DECAY);
    latency.observeFailure(1, 0);
    assert.equal(latency.at(0), 30);
  });
});
