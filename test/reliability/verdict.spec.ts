// What an event has cost, worked out from made-up requests.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { AskedRequest } from "./history.ts";
import { costOf } from "./verdict.ts";

const WINDOW = { begun: 1_000, ended: 3_000 };

const asked = (begun: number, took: number, failure?: string): AskedRequest => ({
  ...{ kind: "fresh", begun, ended: begun + took, failure, replica: "a" },
});

/** Answered every 100 ms in 10 ms; the other kinds as well, so that these say nothing about gaps. */
function steady(): AskedRequest[] {
  return Array.from({ length: 40 }, (_, position) => asked(position * 100, 10)).flatMap(
    (request) => [request, { ...request, kind: "kept" }, { ...request, kind: "grpc" }] as const,
  );
}

describe("the cost of an event", () => {
  it("counts the requests that began while it was watched", () => {
    const { requests, failed, longestGap } = costOf(steady(), WINDOW, [], undefined);
    assert.deepEqual(
      { requests, failed, longestGap },
      { requests: 60, failed: 0, longestGap: 100 },
    );
  });

  it("is the longest time without an answer of one kind", () => {
    const fewer = steady().filter(
      ({ kind, begun }) => kind !== "fresh" || begun < 1_500 || begun > 2_200,
    );
    assert.equal(costOf(fewer, WINDOW, [], undefined).longestGap, 900);
  });

  it("has no gap filled by failures, and tells them by the time of the harm", () => {
    const broken = steady().map((request) =>
      request.kind === "fresh" && request.begun >= 2_000
        ? { ...request, failure: "ECONNRESET" }
        : request,
    );
    const cost = costOf(broken, WINDOW, [1_900], undefined);
    assert.equal(cost.longestGap, 1_090);
    assert.equal(cost.failed, 10);
    assert.deepEqual(cost.failures[0], {
      ...{ kind: "fresh", error: "ECONNRESET", at: 100, took: 10 },
    });
  });

  const failures = [
    ["what was in flight then", asked(1_950, 100, "x"), 0, 0],
    ["what began and failed meanwhile", asked(2_010, 10, "x"), 0, 0],
    ["what failed before", asked(1_900, 50, "x"), 0, 1],
    ["what began afterwards", asked(2_031, 5, "x"), 0, 1],
    ["what began shortly afterwards where that is granted", asked(2_900, 5, "x"), 1_000, 0],
    ["what began later than is granted", asked(3_031, 5, "x"), 1_000, 1],
    ["anything where nothing may be lost", asked(1_950, 100, "x"), undefined, 1],
  ] as const;
  for (const [title, request, tolerance, unforgiven] of failures) {
    it(`${unforgiven === 0 ? "forgives" : "does not forgive"} ${title}`, () => {
      const cost = costOf([request], { ...WINDOW, ended: 5_000 }, [2_000, 2_030], tolerance);
      assert.equal(cost.failed, 1);
      assert.equal(cost.unforgiven, unforgiven);
    });
  }
});
