import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { formatDuration, parseDuration } from "../../mesh/duration.ts";

describe("durations", () => {
  for (const [text, milliseconds] of [
    ["250ms", 250],
    ["2s", 2_000],
    ["1m30s", 90_000],
    ["24h", 86_400_000],
    ["1h0m0.5s", 3_600_500],
    ["1.5h", 5_400_000],
    ["0s", 0],
    ["0.4ms", 0],
  ] as const) {
    it(`reads ${text} as ${milliseconds} ms`, () => {
      assert.equal(parseDuration(text), milliseconds);
    });
  }

  for (const text of [
    "",
    "5",
    "5 s",
    " 5s",
    "5s ",
    "5s\n",
    "-5s",
    "+5s",
    ".5s",
    "5.s",
    "1e3s",
    "5S",
    "5d",
    "5us",
    "1m30",
    "s",
    "five seconds",
    "٥s",
    `${"9".repeat(400)}h`,
    "9999999999999h",
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))} and says what was expected`, () => {
      assert.throws(() => parseDuration(text), {
        code: "DURATION_INVALID",
        message: /^expected a duration with units such as 250ms or 1m30s, got "/,
      });
    });
  }

  for (const [milliseconds, text] of [
    [0, "0s"],
    [1, "1ms"],
    [1_000, "1s"],
    [90_000, "1m30s"],
    [86_400_000, "24h"],
    [3_600_001, "1h1ms"],
    [1.4, "1ms"],
  ] as const) {
    it(`prints ${milliseconds} ms as ${text}`, () => {
      assert.equal(formatDuration(milliseconds), text);
    });
  }

  it("reads back what it printed, whatever the duration", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (milliseconds) => {
        assert.equal(parseDuration(formatDuration(milliseconds)), milliseconds);
      }),
    );
  });

  it("never reads a text without a unit at its end", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (/[hms]$/.test(text)) return;
        assert.throws(() => parseDuration(text), { code: "DURATION_INVALID" });
      }),
    );
  });
});
