import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Linked, LinkedList } from "../../mesh/linked-list.ts";

class Item implements Linked<Item> {
  previous: Item | undefined;
  next: Item | undefined;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

describe("a linked list", () => {
  const [a, b, c] = ["a", "b", "c"].map((name) => new Item(name)) as [Item, Item, Item];
  const names = (list: LinkedList<Item>): string =>
    list
      .values()
      .map(({ name }) => name)
      .join("");

  it("keeps the order in which items came, whichever of them go", () => {
    for (const [gone, left] of [
      [[], "abc"],
      [[a], "bc"],
      [[b], "ac"],
      [[c], "ab"],
      [[b, a], "c"],
      [[a, b, c], ""],
    ] as const) {
      const list = new LinkedList<Item>();
      for (const item of [a, b, c]) list.append(item);
      for (const item of gone) assert.equal(list.remove(item), true);
      assert.deepEqual(
        [names(list), list.size, list.first?.name ?? ""],
        [left, left.length, left[0] ?? ""],
      );
      for (const item of list.values()) list.remove(item);
    }
  });

  it("takes an item again that was in it before", () => {
    const list = new LinkedList<Item>();
    for (const item of [a, b]) list.append(item);
    list.remove(a);
    list.append(a);
    assert.equal(names(list), "ba");
    for (const item of list.values()) list.remove(item);
  });

  it("says of an item that it does not have that it does not", () => {
    const list = new LinkedList<Item>();
    assert.equal(list.remove(a), false);
    list.append(b);
    assert.equal(list.remove(a), false);
    assert.deepEqual([names(list), list.size], ["b", 1]);
  });

  it("leaves nothing on an item that has gone, which would keep others alive", () => {
    const list = new LinkedList<Item>();
    for (const item of [a, b, c]) list.append(item);
    list.remove(b);
    assert.deepEqual([b.previous, b.next], [undefined, undefined]);
  });
});
