import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { follow } from "../../../registry/consul/blocking-query.ts";
import type { Answer, BlockingQuery } from "../../../registry/consul/client.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";

type Step = Answer<string> | Error;

describe("following a blocking query", () => {
  let clock: ManualClock;
  let stop: AbortController;
  let asked: BlockingQuery[];
  let breaks: number;
  let failures: unknown[];

  beforeEach(() => {
    clock = new ManualClock();
    stop = new AbortController();
    asked = [];
    breaks = 0;
    failures = [];
  });
  afterEach(() => stop.abort());

  /** Follows the steps, then waits as a blocking query does. */
  async function run(steps: readonly Step[]): Promise<readonly string[]> {
    const values: string[] = [];
    const read = async (query: BlockingQuery, signal: AbortSignal): Promise<Answer<string>> => {
      const step = steps[asked.length];
      asked.push(query);
      if (step === undefined)
        return await new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      if (step instanceof Error) throw step;
      return step;
    };
    const options = {
      clock,
      random: () => 0.5,
      onBreak: () => {
        breaks += 1;
      },
      onFailure: (error: unknown) => {
        failures.push(error);
      },
    };
    const reading = (async (): Promise<void> => {
      for await (const value of follow(read, options, stop.signal)) values.push(value);
    })();
    await eventually(() => {
      clock.advance(1_000);
      assert.equal(asked.length, steps.length + 1);
    });
    stop.abort();
    await reading;
    return values;
  }
  const answer = (index: number, value = `at ${index}`): Answer<string> => ({ index, value });
  const indexes = (): readonly number[] => asked.map(({ index }) => index);

  it("asks at once first, then for what is newer than it has", async () => {
    assert.deepEqual(await run([answer(7), answer(9)]), ["at 7", "at 9"]);
    assert.deepEqual(indexes(), [0, 7, 9]);
    assert.equal(breaks, 0);
  });

  it("takes an index below 1 for 1, so that it never asks in a busy loop", async () => {
    await run([answer(0), answer(-5), answer(Number.NaN)]);
    assert.deepEqual(indexes(), [0, 1, 1, 1]);
    assert.equal(breaks, 0);
  });

  it("starts again when the index goes back, whose answer does not count, and says that continuity is lost", async () => {
    assert.deepEqual(await run([answer(50), answer(3, "old"), answer(4, "new")]), ["at 50", "new"]);
    assert.deepEqual(indexes(), [0, 50, 0, 4]);
    assert.equal(breaks, 1);
  });

  it("asks for what is up to date whenever it asks from the beginning, and only then", async () => {
    await run([answer(5), new Error("refused"), answer(9), answer(3)]);
    const fresh = asked.map(({ index, upToDate = false }) => `${index} ${upToDate}`);
    assert.deepEqual(fresh, ["0 true", "5 false", "0 true", "9 false", "0 true"]);
  });

  it("goes on after failures from the beginning, with one break for all in a row", async () => {
    const failure = new Error("refused");
    assert.deepEqual(await run([answer(5), failure, failure, answer(6), failure]), [
      "at 5",
      "at 6",
    ]);
    assert.deepEqual(indexes(), [0, 5, 0, 0, 6, 0]);
    assert.equal(breaks, 2);
    assert.deepEqual(failures, [failure, failure, failure]);
  });

  it("asks twice at once, then no faster than the bucket fills", async () => {
    let asks = 0;
    const read = async (): Promise<Answer<string>> => {
      asks += 1;
      return answer(asks);
    };
    const reading = (async (): Promise<void> => {
      for await (const _ of follow(read, { clock }, stop.signal));
    })();
    await eventually(() => assert.equal(clock.sleeping, 1));
    assert.equal(asks, 2);
    for (let time = 3; time <= 10; time += 1) {
      clock.advance(40);
      await eventually(() => assert.equal(clock.sleeping, 1));
      assert.equal(asks, time);
    }
    stop.abort();
    await reading;
  });

  it("waits differently long each time", async () => {
    const waits = new Set<number>();
    const read = async ({ wait }: BlockingQuery): Promise<Answer<string>> => {
      waits.add(wait);
      return answer(waits.size);
    };
    for await (const _ of follow(read, { clock }, stop.signal)) {
      clock.advance(1_000);
      if (waits.size === 5) break;
    }
    for (const wait of waits) assert.ok(wait > 45_000 && wait <= 60_000);
  });

  it("ends when it is aborted, waiting or asking", async () => {
    stop.abort();
    for await (const value of follow(async () => answer(1), { clock }, stop.signal))
      assert.fail(value);
  });
});
