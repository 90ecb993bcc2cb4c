import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { MeshError } from "../../../mesh/errors.ts";
import { Lanes } from "../../../plugin/reconcile/lanes.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";

const FAST = { interval: 1 };

function refused(): Promise<void> {
  return Promise.reject(new MeshError("ENGINE_REFUSED", "no such image"));
}

describe("lanes", () => {
  let clock: ManualClock;
  let idle: number;
  let lanes: Lanes;
  let stop: AbortController;

  beforeEach(() => {
    clock = new ManualClock();
    idle = 0;
    lanes = new Lanes(clock, () => {
      idle += 1;
    });
    stop = new AbortController();
  });

  const start = (key: string, task: () => Promise<void>): boolean =>
    lanes.start(key, task, stop.signal);

  it("never run two tasks of one key at once", async () => {
    const first = Promise.withResolvers<void>();
    assert.equal(
      start("a", () => first.promise),
      true,
    );
    assert.equal(
      start("a", () => Promise.resolve()),
      false,
    );
    first.resolve();
    await lanes.idle();
    assert.equal(
      start("a", () => Promise.resolve()),
      true,
    );
    await lanes.idle();
  });

  it("do not wait for each other", async () => {
    const first = Promise.withResolvers<void>();
    start("a", () => first.promise);
    let done = false;
    start("b", async () => {
      done = true;
    });
    await eventually(() => assert.equal(done, true), FAST);
    assert.deepEqual([...lanes.busy], ["a"]);
    first.resolve();
    await lanes.idle();
  });

  it("say when they can take work again", async () => {
    start("a", () => Promise.resolve());
    await lanes.idle();
    assert.equal(idle, 1);
  });

  it("rest after a failure, and say when the rest is over", async () => {
    start("a", refused);
    await lanes.idle();
    assert.equal(
      start("a", () => Promise.resolve()),
      false,
    );
    const before = idle;
    clock.advance(99);
    assert.equal(
      start("a", () => Promise.resolve()),
      false,
    );
    clock.advance(101);
    await eventually(() => assert.equal(idle, before + 1), FAST);
    assert.equal(
      start("a", () => Promise.resolve()),
      true,
    );
    await lanes.idle();
  });

  it("rest longer after each failure, up to ten seconds, and begin anew after a success", async () => {
    const rests: number[] = [];
    const fail = async (): Promise<number> => {
      start("a", refused);
      await lanes.idle();
      const before = idle;
      let rest = 0;
      while (idle === before) {
        clock.advance(50);
        rest += 50;
        await new Promise(setImmediate);
      }
      return rest;
    };
    for (let failure = 0; failure < 9; failure += 1) rests.push(await fail());
    for (const [failure, rest] of rests.entries()) {
      const most = Math.min(10_000, 200 * 2 ** failure);
      assert.ok(rest >= most / 2 && rest <= most + 50, `${rest} after failure ${failure + 1}`);
    }
    start("a", () => Promise.resolve());
    await lanes.idle();
    assert.ok((await fail()) <= 250);
  });

  it("remember what failed until it succeeds", async () => {
    start("a", refused);
    start("b", () => Promise.reject(new Error("boom", { cause: new Error("disk full") })));
    await lanes.idle();
    assert.deepEqual(
      [...lanes.failures()],
      [
        ["a", { code: "ENGINE_REFUSED", message: "no such image" }],
        ["b", { code: "ENGINE_REFUSED", message: "boom: disk full" }],
      ],
    );
    clock.advance(200);
    await eventually(
      () =>
        assert.equal(
          start("a", () => Promise.resolve()),
          true,
        ),
      FAST,
    );
    await lanes.idle();
    assert.deepEqual([...lanes.failures().keys()], ["b"]);
  });

  it("forget failures of which there is no work any more, but nothing that is under way", async () => {
    const held = Promise.withResolvers<void>();
    start("gone", refused);
    start("kept", refused);
    start("busy", () => held.promise);
    await eventually(() => assert.equal(lanes.failures().size, 2), FAST);
    lanes.keepOnly(new Set(["kept"]));
    assert.deepEqual([...lanes.failures().keys()], ["kept"]);
    assert.equal(
      start("busy", () => Promise.resolve()),
      false,
    );
    held.resolve();
    await lanes.idle();
  });

  it("leave no sleeper behind when the signal aborts", async () => {
    start("a", refused);
    await lanes.idle();
    assert.equal(clock.sleeping, 1);
    stop.abort();
    await eventually(() => assert.equal(clock.sleeping, 0), FAST);
  });
});
