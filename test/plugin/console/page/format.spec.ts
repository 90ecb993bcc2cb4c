// Numbers and moments as the console writes them.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  count,
  formatBytes,
  formatDuration,
  formatMilliseconds,
  formatMoment,
  formatRate,
  formatRelative,
  formatShare,
  shortenName,
} from "../../../../plugin/console/page/model/format.ts";

const CASES: readonly (readonly [
  string,
  (value: number) => string,
  readonly [number, string][],
])[] = [
  [
    "rates",
    formatRate,
    [
      ...([
        [0, "0/s"],
        [0.004, "<0.01/s"],
        [0.033, "0.03/s"],
        [0.999, "1/s"],
      ] as const),
      ...([
        [2.34, "2.3/s"],
        [9.96, "10/s"],
        [999.4, "999/s"],
        [999.6, "1k/s"],
      ] as const),
      ...([
        [3_400, "3.4k/s"],
        [999_600, "1M/s"],
        [2_500_000, "2.5M/s"],
      ] as const),
    ].map(([value, text]): [number, string] => [value, text]),
  ],
  [
    "shares, of which only all is 100 % and only none is 0 %",
    formatShare,
    [
      [0, "0 %"],
      [0.0004, "<0.1 %"],
      [0.004, "0.4 %"],
      [0.0821, "8.2 %"],
      [0.256, "26 %"],
      [0.9999, ">99 %"],
      [1, "100 %"],
    ],
  ],
  [
    "times",
    formatMilliseconds,
    [
      [0, "–"],
      [0.04, "<0.1 ms"],
      [0.42, "0.4 ms"],
      [9.96, "10 ms"],
      [412.4, "412 ms"],
      [1_234, "1.2 s"],
      [61_000, "61 s"],
    ],
  ],
  [
    "bytes",
    formatBytes,
    [
      [0, "0 B"],
      [999, "999 B"],
      [1_234, "1.2 kB"],
      [61_900_000, "61.9 MB"],
      [2_000_000_000, "2 GB"],
    ],
  ],
  [
    "durations in their two largest units",
    formatDuration,
    [
      [300, "0 s"],
      [9_400, "9 s"],
      [61_000, "1 min 1 s"],
      [3_600_000, "1 h"],
      [3_605_000, "1 h"],
      [259_200_000 - 60_000, "2 d 23 h"],
    ],
  ],
];

describe("what the console writes", () => {
  for (const [what, format, table] of CASES) {
    it(`writes ${what}`, () => {
      for (const [value, text] of table) assert.equal(format(value), text, String(value));
    });
  }

  it("says how far away a moment is, in either direction", () => {
    assert.equal(formatRelative(10_000, 10_500), "now");
    assert.equal(formatRelative(130_000, 10_000), "in 2 min");
    assert.equal(formatRelative(10_000, 75_000), "1 min 5 s ago");
  });

  it("writes a moment by the reader's clock", () => {
    assert.equal(formatMoment(new Date(2026, 10, 3, 4, 5, 6).getTime()), "2026-11-03 04:05:06");
  });

  it("shortens long names towards their beginning, where they differ least", () => {
    assert.equal(shortenName("shop-orders", 11), "shop-orders");
    assert.equal(shortenName("a-very-long-service-name", 12), "a-ve…ce-name");
    assert.equal(shortenName("a-very-long-service-name", 12).length, 12);
  });

  it("counts in singular and plural", () => {
    assert.deepEqual([count(1, "call"), count(0, "call")], ["1 call", "0 calls"]);
    assert.equal(count(2, "policy", "policies"), "2 policies");
  });
});
