import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { beforeEach, describe, it } from "mocha";
import { type Departures, outlast } from "../../plugin/parting.ts";
import { ManualClock } from "../helpers/manual-clock.ts";

describe("an agent that is told to stop", () => {
  let clock: ManualClock;
  let departures: Departures;
  let gone: boolean;

  beforeEach(() => {
    clock = new ManualClock();
    gone = false;
  });

  const tell = async (): Promise<void> => {
    const { signal } = new AbortController();
    void outlast(() => departures, clock, signal).then(() => {
      gone = true;
    });
    await turn();
  };

  const pass = async (milliseconds: number): Promise<void> => {
    for (let passed = 0; passed < milliseconds; passed += 50) {
      clock.advance(50);
      await turn();
    }
  };

  it("goes at once where there are no workloads", async () => {
    departures = { possible: false, underWay: false };
    await tell();
    assert.equal(gone, true);
  });

  it("waits half a second for workloads that are told to stop together with it, and goes when there are none", async () => {
    departures = { possible: true, underWay: false };
    await tell();
    await pass(450);
    assert.equal(gone, false);
    await pass(50);
    assert.equal(gone, true);
  });

  it("stays until nothing is left of those that were", async () => {
    departures = { possible: true, underWay: false };
    await tell();
    await pass(200);
    departures = { possible: true, underWay: true };
    await pass(3_000);
    assert.equal(gone, false);
    departures = { possible: true, underWay: false };
    await pass(50);
    assert.equal(gone, true);
  });

  it("goes before Docker would kill it, whatever is left", async () => {
    departures = { possible: true, underWay: true };
    await tell();
    await pass(6_900);
    assert.equal(gone, false);
    await pass(200);
    assert.equal(gone, true);
  });
});
