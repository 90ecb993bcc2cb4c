import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { type Chained, StreamTable } from "../../../proxy/link/stream-table.ts";

class Stream implements Chained<Stream> {
  readonly id: number;
  chained: Stream | undefined;

  constructor(id: number) {
    this.id = id;
  }
}

describe("the streams of a link", () => {
  it("are found by their ids as in a Map, whatever comes and goes", () => {
    // Ids that fall onto the same few chains as often as not.
    const id = fc.oneof(
      fc.integer({ min: 1, max: 600 }),
      fc.integer({ min: 0, max: 40 }).map((n) => n * 256 + 1),
    );
    const step = fc.record({ id, remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
        const table = new StreamTable<Stream>();
        const model = new Map<number, Stream>();
        for (const { id: wanted, remove } of steps) {
          const known = model.get(wanted);
          if (known === undefined) {
            const stream = new Stream(wanted);
            table.add(stream);
            model.set(wanted, stream);
          } else if (remove) {
            table.delete(known);
            model.delete(wanted);
          }
          assert.equal(table.get(wanted), model.get(wanted));
        }
        assert.equal(table.size, model.size);
        const expected = [...model.values()].sort((a, b) => a.id - b.id);
        assert.deepEqual(table.values(), expected);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("are kept when they become more than at first there is room for", () => {
    const table = new StreamTable<Stream>();
    for (let id = 1; id < 4_096; id += 2) table.add(new Stream(id));
    for (let id = 1; id < 4_096; id += 2) assert.equal(table.get(id)?.id, id);
    assert.equal(table.size, 2_048);
  });

  it("leave nothing behind, which would keep others alive", () => {
    const table = new StreamTable<Stream>();
    const [first, second] = [new Stream(1), new Stream(129)];
    for (const stream of [first, second]) table.add(stream);
    for (const stream of [second, first]) {
      table.delete(stream);
      assert.equal(stream.chained, undefined);
    }
  });

  it("may be given up twice", () => {
    const table = new StreamTable<Stream>();
    const stream = new Stream(1);
    table.add(stream);
    for (let time = 0; time < 2; time += 1) table.delete(stream);
    assert.equal(table.size, 0);
  });
});
