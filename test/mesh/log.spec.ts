import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createLog, LOG_LEVELS, type LogLevel } from "../../mesh/log.ts";

function capture(level: LogLevel): { lines: string[]; log: ReturnType<typeof createLog> } {
  const lines: string[] = [];
  return { lines, log: createLog(level, (line) => lines.push(line)) };
}

describe("the log", () => {
  it("writes one JSON object a line, with time, level and message first", () => {
    const { lines, log } = capture("info");
    log.info("attached", { container: "shop-orders-1" });
    assert.match(
      lines.join(""),
      /^\{"time":"\d{4}-\d\d-\d\dT[\d:.]+Z","level":"info","message":"attached","container":"shop-orders-1"\}\n$/,
    );
  });

  it("keeps text with line breaks on its line", () => {
    const { lines, log } = capture("info");
    log.error('bad\n{"level":"info"}', { label: "a\r\nb" });
    assert.equal(lines.length, 1);
    assert.equal(lines.join("").split("\n").length, 2);
  });

  for (const [index, level] of LOG_LEVELS.entries()) {
    it(`writes ${LOG_LEVELS.slice(index).join(", ")} at level ${level}`, () => {
      const { lines, log } = capture(level);
      for (const name of LOG_LEVELS) log[name](name);
      assert.deepEqual(
        lines.map((line) => (JSON.parse(line) as { message: string }).message),
        LOG_LEVELS.slice(index),
      );
    });
  }

  it("adds a part's fields to each of its lines, at the same level", () => {
    const { lines, log } = capture("warn");
    const part = log.with({ part: "reconciler" }).with({ lane: "a" });
    part.info("not written");
    part.warn("written", { lane: "b" });
    const { part: name, lane } = JSON.parse(lines.join("")) as Record<string, unknown>;
    assert.deepEqual([name, lane], ["reconciler", "b"]);
  });
});
