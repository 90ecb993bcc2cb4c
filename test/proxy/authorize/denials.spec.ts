// What the log says about callers that are refused.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { createLog } from "../../../mesh/log.ts";
import { Denials } from "../../../proxy/authorize/denials.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";

describe("denials in the log", () => {
  let clock: ManualClock;
  let lines: Record<string, unknown>[];
  let denials: Denials;
  let counters: { auditedDenials: number };
  beforeEach(() => {
    clock = new ManualClock();
    lines = [];
    counters = { auditedDenials: 0 };
    denials = new Denials(
      createLog("info", (line) => void lines.push(JSON.parse(line))),
      clock,
      counters,
    );
  });
  const times = (): unknown[] => lines.map((line) => line["times"]);

  it("are a line a second for each caller, with how often it happened", () => {
    for (let each = 0; each < 5; each += 1) denials.note("shop-web", "deny", true);
    assert.deepEqual(times(), [1]);
    clock.advance(1_000);
    denials.note("shop-web", "deny", true);
    assert.deepEqual(times(), [1, 5]);
    denials.note("shop-api", "deny", true);
    assert.deepEqual(times(), [1, 5, 1]);
  });

  it("tell reasons apart, and what was only reported", () => {
    denials.note("shop-web", "deny", true);
    denials.note("shop-web", "rule.x", true);
    denials.note("shop-web", "deny", false);
    assert.deepEqual(
      lines.map(({ message, by }) => [message, by]),
      [
        ["refused a caller", "deny"],
        ["refused a caller", "rule.x"],
        ["audit: would have refused a caller", "deny"],
      ],
    );
    assert.equal(counters.auditedDenials, 1);
  });

  it("are bounded whatever callers call themselves", () => {
    for (let caller = 0; caller < 10_000; caller += 1) denials.note(`${caller}`, "deny", true);
    assert.equal(lines.length, 256);
    clock.advance(1_000);
    denials.note("late", "deny", true);
    assert.equal(lines.length, 257);
  });
});
