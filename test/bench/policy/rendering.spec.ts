import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readPolicyOptions } from "./options.ts";
import { readPickCosts } from "./pick.ts";
import { policyTables } from "./policy-tables.ts";
import { drawRecovery } from "./recovery-chart.ts";
import type { PolicyResults } from "./results.ts";
import { SAMPLE_RECOVERY } from "./sample-recovery.ts";

const NOTHING: PolicyResults = {
  ...{ date: "2026-11-23T00:00:00.000Z", machine: "2 × test" },
  ...{ failing: undefined, slow: undefined, recovery: undefined },
  ...{ change: undefined, deny: undefined, pick: undefined },
};

function titlesOf(results: Partial<PolicyResults>): readonly string[] {
  return policyTables({ ...NOTHING, ...results }).map(({ title }) => title);
}

describe("what the policy bench prints", () => {
  it("has a table for what was measured and none for the rest", () => {
    const times = { count: 1, p50: 1, p99: 1, largest: 1 };
    assert.deepEqual(titlesOf({}), []);
    assert.equal(titlesOf({ change: times }).length, 1);
    assert.equal(titlesOf({ deny: times, failing: [], slow: [] }).length, 3);
  });

  it("says when a failing replica was ejected, or that it never was", () => {
    const row = { name: "with", calls: 200, failed: 0.125, failedLater: 0 };
    const [table] = policyTables({
      ...NOTHING,
      failing: [
        { ...row, ejectedAfter: [1500, 234] },
        { ...row, name: "without", ejectedAfter: [] },
      ],
    });
    assert.deepEqual(table?.rows.slice(1), [
      ["with", "200", "12.5 %", "0.0 %", "0.23, 1.50 s"],
      ["without", "200", "12.5 %", "0.0 %", "never"],
    ]);
  });

  it("has a column of headings for each figure", () => {
    const times = { count: 1, p50: 1, p99: 1, largest: 1 };
    const failing = [{ name: "a", calls: 1, failed: 0, failedLater: 0, ejectedAfter: [] }];
    const slow = [{ algorithm: "random", times, slowShare: 0 } as const];
    const pick = readPickCosts("heading\nrandom   41    70");
    const recovery = SAMPLE_RECOVERY;
    for (const { rows } of policyTables({
      ...NOTHING,
      ...{ failing, slow, recovery, change: times, deny: times, pick },
    })) {
      assert.deepEqual(new Set(rows.map(({ length }) => length)).size, 1, rows.join("\n"));
    }
  });
});

describe("the chart of a recovery", () => {
  const svg = drawRecovery(SAMPLE_RECOVERY);

  it("has a point for each span, from left to right", () => {
    const points = /<polyline class="share" points="([^"]*)"/.exec(svg)?.[1]?.split(" ") ?? [];
    const across = points.map((point) => Number(point.split(",")[0]));
    assert.equal(points.length, SAMPLE_RECOVERY.shares.length);
    assert.deepEqual(
      across,
      across.toSorted((a, b) => a - b),
    );
  });

  it("draws a higher share higher, and none beyond its frame", () => {
    const points = /<polyline class="share" points="([^"]*)"/.exec(svg)?.[1]?.split(" ") ?? [];
    const [usual = 0, none = 0, some = 0, all = 0] = points.map((point) =>
      Number(point.split(",")[1]),
    );
    assert.ok(all < usual && usual < some && some < none);
    assert.ok(all > 0);
  });

  it("has a band for each state but health", () => {
    for (const state of ["failing", "ejected", "recovering"]) {
      assert.ok(svg.includes(`<rect class="${state}"`), state);
    }
    assert.ok(!svg.includes(`class="healthy"`));
  });
});

describe("the costs of picks", () => {
  it("are read from what their program prints", () => {
    assert.deepEqual(readPickCosts("ns per pick\npeak-ewma     61   62\nrandom  7 8"), [
      { algorithm: "peak-ewma", alike: 61, weighted: 62 },
      { algorithm: "random", alike: 7, weighted: 8 },
    ]);
  });

  it("are not guessed when it prints something else", () => {
    assert.throws(() => readPickCosts("heading\nrandom fast"), /expected an algorithm/);
    assert.throws(() => readPickCosts("heading"), /expected the costs/);
  });
});

describe("the command line of the policy bench", () => {
  it("measures everything unless parts are chosen", () => {
    assert.equal(readPolicyOptions([]).parts.size, 6);
    assert.deepEqual([...readPolicyOptions(["--parts", "slow,deny"]).parts], ["slow", "deny"]);
  });

  it("names the parts there are when it is asked for another", () => {
    assert.throws(() => readPolicyOptions(["--parts", "fast"]), /failing, slow.*got fast/);
  });
});
