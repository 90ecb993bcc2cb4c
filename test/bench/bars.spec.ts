import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Judgement, judge, verdictOf } from "./bars.ts";
import type { Results } from "./results.ts";
import { sampleResults, sampleRow, sampleSubject } from "./sample-results.ts";

const MEGABYTE = 1_000_000;

function judgementOf(results: Results, title: string): Judgement {
  const found = judge(results).find((judgement) => judgement.title.startsWith(title));
  assert.ok(found !== undefined, title);
  return found;
}

/** CPU a request of our hop and HAProxy's, a pair of values for each round. */
function hops(rounds: readonly (readonly [number, number])[]): Results {
  return sampleResults({
    rows: rounds.flatMap(([ours, theirs], index) => [
      sampleRow({
        ...{ subject: "mesh hop", load: "closed-32", round: index + 1 },
        processorPerRequest: ours,
      }),
      sampleRow({
        ...{ subject: "haproxy hop", load: "closed-32", round: index + 1 },
        processorPerRequest: theirs,
      }),
    ]),
  });
}

describe("the bars of the bench", () => {
  it("judge a figure that should be low", () => {
    const goals = { bar: 1.25, aim: 1, better: "lower" } as const;
    assert.equal(verdictOf(1, goals), "aim met");
    assert.equal(verdictOf(1.25, goals), "bar met");
    assert.equal(verdictOf(1.26, goals), "MISSED");
    assert.equal(verdictOf(undefined, goals), "not measured");
  });

  it("judge a figure that should be high", () => {
    const goals = { bar: 1.2, aim: 1.6, better: "higher" } as const;
    assert.equal(verdictOf(1.6, goals), "aim met");
    assert.equal(verdictOf(1.2, goals), "bar met");
    assert.equal(verdictOf(1.19, goals), "MISSED");
  });

  it("know no aim beyond a bar that has none", () => {
    assert.equal(verdictOf(0.1, { bar: 0.3, aim: 0.3, better: "lower" }), "bar met");
  });

  it("take ratios within a round, and the median of the rounds", () => {
    const slowMachine = [40, 40] as const;
    const results = hops([[20, 16], slowMachine, [18, 20]]);
    const { measured, range, verdict } = judgementOf(results, "hop / HAProxy: CPU");
    assert.equal(measured, 1);
    assert.deepEqual([range?.lowest, range?.highest], [0.9, 1.25]);
    assert.equal(verdict, "aim met");
  });

  it("leave a round out in which one of the two is missing", () => {
    const { rows } = hops([[20, 10]]);
    const more = sampleRow({
      ...{ subject: "mesh hop", load: "closed-32", round: 2 },
      processorPerRequest: 1,
    });
    const results = sampleResults({ rows: [...rows, more] });
    assert.equal(judgementOf(results, "hop / HAProxy: CPU").measured, 2);
  });

  it("mark a ratio of which one side was disturbed", () => {
    const { rows } = hops([[20, 10]]);
    const disturbed = rows.map((row) => ({ ...row, disturbed: row.subject === "haproxy hop" }));
    assert.equal(judgementOf(sampleResults({ rows }), "hop / HAProxy: CPU").disturbed, false);
    const results = sampleResults({ rows: disturbed });
    assert.equal(judgementOf(results, "hop / HAProxy: CPU").disturbed, true);
  });

  it("judge sizes and times by the worst of ours, and not by peers", () => {
    const results = sampleResults({
      starts: [60, 151, 70],
      subjects: [
        sampleSubject("mesh pair", "pair", [50 * MEGABYTE, 61 * MEGABYTE]),
        sampleSubject("envoy hop", "hop", [90 * MEGABYTE]),
      ],
      rows: [
        sampleRow({ subject: "mesh pair", load: "body-64k", peaks: [80 * MEGABYTE, MEGABYTE] }),
        sampleRow({ subject: "caddy pair", load: "body-64k", peaks: [200 * MEGABYTE] }),
      ],
    });
    assert.equal(judgementOf(results, "exec to accepting").verdict, "MISSED");
    assert.equal(judgementOf(results, "idle, resident").measured, 61);
    assert.equal(judgementOf(results, "64 KiB bodies, largest").measured, 80);
  });

  it("forgive no error of ours, and count none of others", () => {
    const rows = [
      sampleRow({ subject: "mesh hop", load: "closed-32", errors: 1 }),
      sampleRow({ subject: "nginx hop", load: "closed-32", errors: 5 }),
    ];
    const { measured, verdict } = judgementOf(sampleResults({ rows }), "errors");
    assert.deepEqual([measured, verdict], [1, "MISSED"]);
  });

  it("judge nothing that was not measured", () => {
    const verdicts = judge(sampleResults({})).map(({ verdict }) => verdict);
    assert.deepEqual([...new Set(verdicts)], ["not measured"]);
  });
});
