import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { rotated, summarize } from "./statistics.ts";

describe("the statistics of the bench", () => {
  it("take the middle of an odd number of values", () => {
    assert.deepEqual(summarize([3, 100, 1]), { median: 3, lowest: 1, highest: 100 });
  });

  it("take the mean of the two in the middle of an even number", () => {
    assert.deepEqual(summarize([4, 1, 2, 10]), { median: 3, lowest: 1, highest: 10 });
  });

  it("know nothing of no values", () => {
    assert.equal(summarize([]), undefined);
  });

  it("give everybody every place, in as many rounds as there are places", () => {
    const list = ["a", "b", "c"];
    const orders = [0, 1, 2, 3].map((round) => rotated(list, round).join(""));
    assert.deepEqual(orders, ["abc", "bca", "cab", "abc"]);
    assert.deepEqual(rotated([], 2), []);
  });
});
