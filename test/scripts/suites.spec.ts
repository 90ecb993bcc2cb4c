import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { add, closingLine, judge, parseClosingLine } from "../../scripts/testing/suites.ts";

describe("the count of a test run", () => {
  it("is read from the closing line alone", () => {
    assert.deepEqual(parseClosingLine("12 passed, 3 failed"), { passed: 12, failed: 3 });
    assert.equal(parseClosingLine("  12 passed, 3 failed"), undefined);
    assert.equal(parseClosingLine("12 passed"), undefined);
  });

  it("holds a program that failed as failed, whatever it said", () => {
    assert.deepEqual(judge({ passed: 5, failed: 0 }, 1), { passed: 5, failed: 1 });
    assert.deepEqual(judge({ passed: 5, failed: 2 }, 2), { passed: 5, failed: 2 });
    assert.deepEqual(judge(undefined, undefined), { passed: 0, failed: 1 });
    assert.deepEqual(judge(undefined, 0), { passed: 1, failed: 0 });
  });

  it("adds up", () => {
    assert.equal(
      closingLine(add({ passed: 1, failed: 0 }, { passed: 2, failed: 3 })),
      "3 passed, 3 failed",
    );
  });
});
