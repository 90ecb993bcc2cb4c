import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { KeySets } from "../../../plugin/policy/key-sets.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";

const LOGIN = "https://login.example/keys";
const OTHER = "https://other.example/keys";

describe("key sets", () => {
  const fast = { interval: 1 };
  let clock: ManualClock;
  let keySets: KeySets;
  /** What is to be had at each address; an Error fails. */
  let offers: Map<string, string | Error>;
  let asked: string[];
  let changes: number;
  let remembered: Map<string, string>;

  beforeEach(() => {
    clock = new ManualClock();
    offers = new Map([
      [LOGIN, "keys 1"],
      [OTHER, "other keys"],
    ]);
    asked = [];
    changes = 0;
    remembered = new Map();
    keySets = new KeySets({
      remembered,
      fetch: async (address) => {
        asked.push(address);
        const offer = offers.get(address) ?? new Error("nobody there");
        if (offer instanceof Error) throw offer;
        return offer;
      },
      clock,
      onChange: () => {
        changes += 1;
      },
    });
  });

  afterEach(() => keySets[Symbol.dispose]());

  const untilAsked = (times: number): Promise<void> =>
    eventually(() => {
      assert.equal(asked.length, times);
      assert.equal(clock.sleeping, 1);
    }, fast);

  it("are fetched at once, each once, and are news", async () => {
    keySets.follow(new Set([LOGIN]));
    keySets.follow(new Set([LOGIN]));
    await untilAsked(1);
    assert.deepEqual([keySets.keys(LOGIN), changes], ["keys 1", 1]);
    assert.equal(keySets.keys(OTHER), undefined);
  });

  it("are those of an earlier agent until they are had, and remembered for a later one", async () => {
    remembered.set(LOGIN, "keys of before");
    offers.set(LOGIN, new Error("nobody there"));
    keySets.follow(new Set([LOGIN, OTHER]));
    assert.deepEqual(keySets.keys(LOGIN), "keys of before");
    await eventually(() => assert.equal(remembered.get(OTHER), "other keys"), fast);
    assert.deepEqual(
      [keySets.keys(LOGIN), remembered.get(LOGIN)],
      ["keys of before", "keys of before"],
    );
  });

  it("are fetched again after a minute, more or less, and are news when they are others", async () => {
    keySets.follow(new Set([LOGIN]));
    await untilAsked(1);
    clock.advance(53_999);
    await untilAsked(1);
    clock.advance(12_001);
    await untilAsked(2);
    assert.equal(changes, 1);
    offers.set(LOGIN, "keys 2");
    clock.advance(66_000);
    await untilAsked(3);
    assert.deepEqual([keySets.keys(LOGIN), changes], ["keys 2", 2]);
  });

  it("stay as they were while they cannot be had, which is told", async () => {
    keySets.follow(new Set([LOGIN]));
    await untilAsked(1);
    offers.set(LOGIN, new Error("expected status 200, got 500"));
    clock.advance(66_000);
    await untilAsked(2);
    assert.equal(keySets.keys(LOGIN), "keys 1");
    assert.deepEqual(keySets.problems, [
      {
        ...{ subject: "jwt.jwks", code: "CONFIGURATION_INVALID" },
        message: `the keys at "${LOGIN}" cannot be had, the last good ones count: expected status 200, got 500`,
      },
    ]);
    offers.set(LOGIN, "keys 2");
    clock.advance(1_000);
    await untilAsked(3);
    assert.deepEqual([keySets.keys(LOGIN), keySets.problems], ["keys 2", []]);
  });

  it("are asked for soon again when there have never been any", async () => {
    offers.delete(LOGIN);
    keySets.follow(new Set([LOGIN]));
    await untilAsked(1);
    clock.advance(1_000);
    await untilAsked(2);
  });

  it("that nobody needs any more are forgotten", async () => {
    keySets.follow(new Set([LOGIN]));
    await untilAsked(1);
    keySets.follow(new Set([OTHER]));
    await untilAsked(2);
    assert.deepEqual([keySets.keys(LOGIN), keySets.keys(OTHER)], [undefined, "other keys"]);
    clock.advance(66_000);
    await untilAsked(3);
    assert.deepEqual(asked, [LOGIN, OTHER, OTHER]);
  });

  it("are bounded in number: what is too much is told and not asked for", async () => {
    const addresses = Array.from({ length: 66 }, (_, number) => `https://${100 + number}.example`);
    keySets.follow(new Set(addresses));
    await eventually(() => assert.equal(asked.length, 64), fast);
    const told = (): string[] =>
      keySets.problems
        .filter(({ message }) => message.includes("at most 64"))
        .map(({ message }) => message);
    assert.equal(told().length, 2);
    keySets.follow(new Set([LOGIN]));
    assert.equal(told().length, 0);
  });
});
