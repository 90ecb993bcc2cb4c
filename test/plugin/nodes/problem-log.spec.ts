import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createLog } from "../../../mesh/log.ts";
import { logProblems } from "../../../plugin/nodes/problem-log.ts";
import type { Problem } from "../../../plugin/status.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";

describe("the agent's log of problems", () => {
  it("tells each when it comes and when it is over, and nothing in between", async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const lines: string[] = [];
    const log = createLog("info", (line) => {
      const { level, message, subject, code } = JSON.parse(line) as Record<string, string>;
      lines.push(`${level} ${subject} ${code}: ${message}`);
    });
    let problems: readonly Problem[] = [];
    const logging = logProblems(() => problems, { clock, log }, stop.signal);
    const find = async (...found: readonly Problem[]): Promise<readonly string[]> => {
      problems = found;
      await eventually(() => assert.equal(clock.sleeping, 1));
      lines.length = 0;
      clock.advance(2_000);
      await eventually(() => assert.equal(clock.sleeping, 1));
      return lines;
    };
    const lost = { subject: "node-2", code: "NODE_LOST", message: "nothing heard for 1 s" };
    const shared = { subject: "orders", code: "NAME_SHARED", message: "two" };
    assert.deepEqual(await find(lost), ["warn node-2 NODE_LOST: nothing heard for 1 s"]);
    assert.deepEqual(await find({ ...lost, message: "nothing heard for 3 s" }, shared), [
      "warn orders NAME_SHARED: two",
    ]);
    assert.deepEqual(await find(shared), ["info node-2 NODE_LOST: a problem is over"]);
    assert.deepEqual(await find(lost), [
      "warn node-2 NODE_LOST: nothing heard for 1 s",
      "info orders NAME_SHARED: a problem is over",
    ]);
    stop.abort();
    await logging;
  });
});
