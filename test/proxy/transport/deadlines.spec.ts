// Time limits that are looked at together: who is told, how often, and that nobody holds the process or the others up.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { Deadlines, type Expiring } from "../../../proxy/transport/deadlines.ts";
import { eventually } from "../../helpers/eventually.ts";
import { muteWarnings } from "../../helpers/warnings.ts";

class Item implements Expiring {
  deadline: number;
  expirations = 0;

  constructor(deadline: number) {
    this.deadline = deadline;
  }

  expired(): void {
    this.expirations += 1;
  }
}

describe("deadlines", () => {
  let deadlines: Deadlines;
  beforeEach(() => {
    deadlines = new Deadlines(2);
  });
  afterEach(() => deadlines.close());

  /** Resolves after everything that is due was looked at. */
  const looked = async (): Promise<void> => {
    const witness = new Item(performance.now());
    deadlines.add(witness);
    await eventually(() => assert.equal(witness.expirations, 1));
    deadlines.delete(witness);
  };

  it("tells an item once that its time is over, and again when it was set again", async () => {
    const item = new Item(performance.now());
    deadlines.add(item);
    await eventually(() => assert.equal(item.expirations, 1));
    assert.equal(item.deadline, Number.POSITIVE_INFINITY);
    await looked();
    assert.equal(item.expirations, 1);
    item.deadline = performance.now();
    await eventually(() => assert.equal(item.expirations, 2));
  });

  it("leaves items alone whose time has not come or that wait for nothing", async () => {
    const items = [new Item(performance.now() + 60_000), new Item(Number.POSITIVE_INFINITY)];
    for (const item of items) deadlines.add(item);
    await looked();
    assert.deepEqual(
      items.map(({ expirations }) => expirations),
      [0, 0],
    );
  });

  it("forgets what was deleted, also by another item's end", async () => {
    const second = new Item(performance.now());
    const first = new Item(performance.now());
    first.expired = () => deadlines.delete(second);
    deadlines.add(first);
    deadlines.add(second);
    await looked();
    assert.equal(second.expirations, 0);
  });

  it("lets an item set a new deadline while it is told", async () => {
    const item = new Item(performance.now());
    item.expired = () => {
      item.expirations += 1;
      if (item.expirations < 3) item.deadline = performance.now();
    };
    deadlines.add(item);
    await eventually(() => assert.equal(item.expirations, 3));
  });

  it("goes on after an item that throws", async () => {
    using warnings = muteWarnings();
    const defective = new Item(performance.now());
    defective.expired = () => {
      throw new Error("a defect");
    };
    const sound = new Item(performance.now());
    deadlines.add(defective);
    deadlines.add(sound);
    await eventually(() => assert.equal(sound.expirations, 1));
    assert.deepEqual(warnings.seen, ["a defect"]);
  });

  it("starts again after it was empty", async () => {
    await looked();
    const inspected = new Deadlines(1);
    const item = new Item(performance.now());
    for (let round = 1; round <= 3; round += 1) {
      item.deadline = performance.now();
      inspected.add(item);
      await eventually(() => assert.equal(item.expirations, round));
      inspected.delete(item);
      await looked();
    }
    inspected.close();
  });

  it("tells nobody when it is closed", async () => {
    const item = new Item(performance.now());
    deadlines.add(item);
    deadlines.close();
    await looked();
    assert.equal(item.expirations, 0);
  });
});
