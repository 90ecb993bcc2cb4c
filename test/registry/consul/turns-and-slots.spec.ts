import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Slots } from "../../../registry/consul/slots.ts";
import { Turns } from "../../../registry/turns.ts";

const forEver = new AbortController().signal;

/** Work that a test ends when it likes. */
class Work {
  readonly #end = Promise.withResolvers<void>();
  started = false;

  readonly run = async (): Promise<string> => {
    this.started = true;
    await this.#end.promise;
    return "done";
  };

  end(error?: Error): void {
    if (error === undefined) this.#end.resolve();
    else this.#end.reject(error);
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("turns", () => {
  it("run one after the other for one key, in the order of asking", async () => {
    const turns = new Turns();
    const [first, second, third] = [new Work(), new Work(), new Work()];
    const runs = [first, second, third].map((work) => turns.run("a", forEver, work.run));
    await settled();
    assert.deepEqual([first.started, second.started, third.started], [true, false, false]);
    first.end();
    await settled();
    assert.deepEqual([second.started, third.started], [true, false]);
    second.end();
    third.end();
    assert.deepEqual(await Promise.all(runs), ["done", "done", "done"]);
  });

  it("do not wait for other keys", async () => {
    const turns = new Turns();
    const [one, other] = [new Work(), new Work()];
    const running = turns.run("a", forEver, one.run);
    const beside = turns.run("b", forEver, other.run);
    other.end();
    assert.equal(await beside, "done");
    one.end();
    await running;
  });

  it("go on after a failure", async () => {
    const turns = new Turns();
    const [failing, next] = [new Work(), new Work()];
    const failed = turns.run("a", forEver, failing.run);
    const done = turns.run("a", forEver, next.run);
    failing.end(new Error("no"));
    next.end();
    await assert.rejects(failed, /no/);
    assert.equal(await done, "done");
  });

  it("are given up with the signal's reason, and the next still waits for the one before", async () => {
    const turns = new Turns();
    const [first, skipped, last] = [new Work(), new Work(), new Work()];
    const stop = new AbortController();
    const running = turns.run("a", forEver, first.run);
    const given = turns.run("a", stop.signal, skipped.run);
    const after = turns.run("a", forEver, last.run);
    stop.abort(new Error("enough"));
    await assert.rejects(given, /enough/);
    assert.deepEqual([skipped.started, last.started], [false, false]);
    first.end();
    last.end();
    assert.deepEqual(await Promise.all([running, after]), ["done", "done"]);
  });
});

describe("slots", () => {
  it("let no more run at once than there are, first come first served", async () => {
    const slots = new Slots(2);
    const works = Array.from({ length: 4 }, () => new Work());
    const runs = works.map((work) => slots.run(work.run, forEver));
    const started = (): readonly boolean[] => works.map((work) => work.started);
    await settled();
    assert.deepEqual(started(), [true, true, false, false]);
    assert.equal(slots.crowded, true);
    works[1]?.end();
    await settled();
    assert.deepEqual(started(), [true, true, true, false]);
    for (const work of works) work.end();
    await Promise.all(runs);
    assert.equal(slots.crowded, false);
  });

  it("are free again after a failure, and after someone in line gave up", async () => {
    const slots = new Slots(1);
    const [failing, skipped, last] = [new Work(), new Work(), new Work()];
    const stop = new AbortController();
    const failed = slots.run(failing.run, forEver);
    const given = slots.run(skipped.run, stop.signal);
    const after = slots.run(last.run, forEver);
    stop.abort(new Error("enough"));
    await assert.rejects(given, /enough/);
    failing.end(new Error("no"));
    await assert.rejects(failed, /no/);
    last.end();
    assert.equal(await after, "done");
    assert.equal(skipped.started, false);
  });

  it("count once when someone gives up in the turn in which it was handed a slot", async () => {
    const slots = new Slots(1);
    const [first, second, third, fourth] = [new Work(), new Work(), new Work(), new Work()];
    const stop = new AbortController();
    const running = slots.run(first.run, forEver);
    const handed = slots.run(second.run, stop.signal);
    const next = slots.run(third.run, forEver);
    const last = slots.run(fourth.run, forEver);
    first.end();
    await running;
    stop.abort(new Error("enough"));
    second.end();
    await Promise.allSettled([handed]);
    await settled();
    assert.deepEqual([third.started, fourth.started], [true, false]);
    third.end();
    fourth.end();
    assert.deepEqual(await Promise.all([next, last]), ["done", "done"]);
  });

  for (const [what, total, running] of [
    ["at once when there are more", 3, [3, 3, 3]],
    ["one by one, once enough are given back, when there are fewer", 1, [2, 1, 1]],
  ] as const) {
    it(`are handed out ${what}`, async () => {
      const slots = new Slots(2);
      const works = Array.from({ length: 5 }, () => new Work());
      let ended = 0;
      const runs = works.map((work) => slots.run(work.run, forEver).finally(() => (ended += 1)));
      const atOnce = (): number => works.filter((work) => work.started).length - ended;
      await settled();
      slots.resize(total);
      await settled();
      const seen: number[] = [];
      for (const work of works.slice(0, running.length)) {
        seen.push(atOnce());
        work.end();
        await settled();
      }
      assert.deepEqual(seen, running);
      for (const work of works) work.end();
      await Promise.all(runs);
    });
  }
});
