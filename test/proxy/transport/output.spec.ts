// Composing messages in memory that is used again and again, and that leaves while it is being written.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { OUTPUT_SIZE, Output } from "../../../proxy/transport/output.ts";

const SOURCE = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 251));

describe("an output", () => {
  let output: Output;
  beforeEach(() => {
    output = new Output();
  });

  it("composes pieces of any length, one after the other", () => {
    const lengths = [0, 1, 39, 40, 41, 300, 65_536];
    const expected: Buffer[] = [];
    for (const length of lengths) {
      output.append(SOURCE, 3, 3 + length);
      expected.push(SOURCE.subarray(3, 3 + length));
    }
    assert.deepEqual(output.view(), Buffer.concat(expected));
  });

  it("shows what is composed now, whatever was composed before", () => {
    for (const length of [300, 44, 300, 556, 0, 256, 512, 300]) {
      output.append(SOURCE, length, 2 * length);
      assert.deepEqual(output.view(), SOURCE.subarray(length, 2 * length));
      output.length = 0;
    }
  });

  it("takes as much as it has room for, and refuses the rest as a whole", () => {
    output.append(SOURCE, 0, 65_536);
    output.append(SOURCE, 0, 65_536);
    output.append(SOURCE, 0, OUTPUT_SIZE - output.length);
    assert.throws(() => output.append(SOURCE, 0, 1), RangeError);
    assert.equal(output.view().length, OUTPUT_SIZE);
  });

  it("leaves memory alone that it gave away, and uses it again when it is back", () => {
    output.append(SOURCE, 0, 300);
    const away = output.view();
    const piece = output.surrender();
    output.length = 0;
    output.append(SOURCE, 1_000, 1_300);
    assert.deepEqual(output.view(), SOURCE.subarray(1_000, 1_300));
    assert.deepEqual(away, SOURCE.subarray(0, 300));
    output.takeBack(piece);
    output.surrender();
    assert.equal(output.bytes, piece.bytes);
  });
});
