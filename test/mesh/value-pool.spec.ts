import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ownCopy, ValuePool } from "../../mesh/value-pool.ts";

describe("a pool of values", () => {
  it("gives texts back as they are, whatever characters they hold", () => {
    const pool = new ValuePool();
    for (const text of [
      "",
      "orders",
      "Straße 7",
      "日本",
      "\u{1f433} whale",
      " a\tb\n",
      "half \ud83d of one",
    ]) {
      assert.equal(pool.text(text), text);
      assert.equal(pool.text(text), text);
      assert.equal(ownCopy(text), text);
    }
    assert.equal(pool.text(undefined), undefined);
  });

  it("gives one list for all that hold the same, and others for others", () => {
    const pool = new ValuePool();
    const first = pool.list([{ port: 80, name: "http" }]);
    assert.equal(pool.list([{ port: 80, name: "http" }]), first);
    assert.deepEqual(pool.list([{ port: 81, name: "http" }]), [{ port: 81, name: "http" }]);
    assert.deepEqual(pool.list([]), []);
  });

  it("goes on when more passes through it than it keeps", () => {
    const pool = new ValuePool();
    for (let number = 0; number < 100_100; number += 1)
      assert.equal(pool.text(`text ${number}`), `text ${number}`);
  });
});
