// Shares of requests among versions, and what happens when a version or a service has no endpoints.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Target } from "../../../proxy/http/plan.ts";
import { FailoverTargets } from "../../../proxy/route/failover.ts";
import { Split } from "../../../proxy/route/split.ts";
import { isShare, ScriptedTargets, seeded } from "./scripted-targets.ts";

const RUNS = 20_000;

class Versions {
  readonly #targets: readonly ScriptedTargets[];
  readonly split: Split;

  constructor(weights: readonly number[], keyed = false) {
    this.#targets = weights.map((_, index) => new ScriptedTargets([`v${index}a`, `v${index}b`]));
    const arms = weights.map((weight, index) => ({ targets: this.targets(index), weight }));
    this.split = new Split(arms, keyed, seeded(7));
  }

  targets(index: number): ScriptedTargets {
    return this.#targets[index] as ScriptedTargets;
  }

  /** The version of each of many requests, counted. */
  count(key: (run: number) => number = () => 0): readonly number[] {
    const counts = this.#targets.map(() => 0);
    for (let run = 0; run < RUNS; run += 1) {
      const index = this.first(key(run));
      if (index !== undefined) counts[index] = (counts[index] as number) + 1;
    }
    return counts;
  }

  first(key: number): number | undefined {
    const id = this.split.choices[this.split.draw()]?.next(key, [], true)?.id;
    return id === undefined ? undefined : Number(id[1]);
  }
}

function assertShares(counts: readonly number[], percents: readonly number[]): void {
  for (const [index, percent] of percents.entries())
    assert.ok(isShare(counts[index] as number, RUNS, percent), `${counts} for ${percents}`);
}

describe("a split", () => {
  const CASES: readonly (readonly number[])[] = [
    [90, 10],
    [50, 50],
    [33.3, 33.3, 33.4],
    [0, 100],
    [99.5, 0.5],
    [100],
  ];

  for (const percents of CASES) {
    it(`gives each version its share: ${percents.join(" : ")}`, () =>
      assertShares(new Versions(percents).count(), percents));

    it(`does so by keys: ${percents.join(" : ")}`, () =>
      assertShares(
        new Versions(percents, true).count((run) => run + 1),
        percents,
      ));
  }

  it("gives the share of a version without endpoints to the others by their weights", () => {
    const versions = new Versions([60, 30, 10]);
    versions.targets(0).usable = false;
    assertShares(versions.count(), [0, 75, 25]);
    versions.targets(1).usable = false;
    assertShares(versions.count(), [0, 0, 100]);
    versions.targets(2).usable = false;
    assert.equal(versions.first(0), undefined);
  });

  it("gives requests to a version of no share when no other has an endpoint", () => {
    const versions = new Versions([100, 0]);
    versions.targets(0).usable = false;
    assert.equal(versions.first(0), 1);
  });

  it("gives the same key the same version, also while another has no endpoints", () => {
    const versions = new Versions([40, 30, 30], true);
    const before = Array.from({ length: 200 }, (_, key) => versions.first(key + 1));
    const again = (): readonly unknown[] =>
      Array.from({ length: 200 }, (_, key) => versions.first(key + 1));
    assert.deepEqual(again(), before);
    versions.targets(2).usable = false;
    const without = again();
    assert.deepEqual(again(), without);
    for (const [index, version] of before.entries())
      if (version !== 2) assert.equal(without[index], version);
  });

  it("gives requests without a key any version", () =>
    assertShares(
      new Versions([50, 50], true).count(() => 0),
      [50, 50],
    ));

  it("keeps the tries of a request in the version it was drawn for as long as that has another endpoint", () => {
    const versions = new Versions([50, 50]);
    for (let run = 0; run < 50; run += 1) {
      const targets = versions.split.choices[versions.split.draw()];
      const first = targets?.next(0, [], true) as Target;
      const second = targets?.next(0, [first], true) as Target;
      const third = targets?.next(0, [first, second], true) as Target;
      assert.equal(second.id[1], first.id[1]);
      assert.notEqual(third.id[1], first.id[1]);
    }
  });
});

describe("failover", () => {
  const services = (again: boolean): readonly ScriptedTargets[] =>
    [["a1", "a2"], ["b1"], ["c1"]].map((ids) => new ScriptedTargets(ids, again));

  /** The endpoints of so many tries of one request. */
  function tries(targets: FailoverTargets, count: number): readonly (string | undefined)[] {
    const tried: Target[] = [];
    return Array.from({ length: count }, () => {
      const target = targets.next(0, tried, true);
      if (target !== undefined) tried.push(target);
      return target?.id;
    });
  }

  it("leaves the first service alone as long as it has endpoints", () => {
    const failover = new FailoverTargets(services(false));
    for (let run = 0; run < 10; run += 1) assert.deepEqual(tries(failover, 1), ["a1"]);
  });

  it("goes on in order when a service has none", () => {
    const [first, second, third] = services(false);
    assert.ok(first && second && third);
    const failover = new FailoverTargets([first, second, third]);
    first.usable = false;
    assert.deepEqual(tries(failover, 1), ["b1"]);
    second.usable = false;
    assert.deepEqual(tries(failover, 1), ["c1"]);
    third.usable = false;
    assert.deepEqual(tries(failover, 1), [undefined]);
    first.usable = true;
    assert.deepEqual(tries(failover, 1), ["a1"]);
  });

  it("goes on when all endpoints of a service were tried", () => {
    assert.deepEqual(tries(new FailoverTargets(services(false)), 5), [
      ...["a1", "a2", "b1", "c1", undefined],
    ]);
  });

  it("comes back to what was tried only when there is nothing else", () => {
    assert.deepEqual(tries(new FailoverTargets(services(true)), 5), ["a1", "a2", "b1", "c1", "a1"]);
  });
});
