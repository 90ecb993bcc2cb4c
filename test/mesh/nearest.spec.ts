import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { editDistance, nearestName } from "../../mesh/nearest.ts";
import { LABEL_NAMES } from "../../plugin/labels/table.ts";

describe("edit distance", () => {
  for (const [from, to, distance] of [
    ["", "", 0],
    ["", "abc", 3],
    ["port", "port", 0],
    ["port", "ports", 1],
    ["prot", "port", 1],
    ["kitten", "sitting", 3],
  ] as const) {
    it(`is ${distance} between "${from}" and "${to}"`, () => {
      assert.equal(editDistance(from, to), distance);
    });
  }

  it("is symmetric, and at most the longer length", () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (left, right) => {
        const distance = editDistance(left, right);
        assert.equal(distance, editDistance(right, left));
        assert.ok(distance <= Math.max(left.length, right.length));
        assert.equal(distance === 0, left === right);
      }),
    );
  });
});

describe("nearest name", () => {
  it("finds every label again after one slip", () => {
    for (const name of LABEL_NAMES) assert.equal(nearestName(`${name}x`, LABEL_NAMES), name);
  });

  it("suggests nothing for what is not a slip", () => {
    assert.equal(nearestName("mesh.completely-different", LABEL_NAMES), undefined);
    assert.equal(nearestName(`mesh.${"a".repeat(10_000)}`, LABEL_NAMES), undefined);
  });
});
