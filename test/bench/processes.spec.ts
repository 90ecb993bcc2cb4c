import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "mocha";
import { eventually } from "../helpers/eventually.ts";
import { memoryOf, peakOf, processTree, sizeIn } from "./processes.ts";

describe("what the bench reads of processes", () => {
  it("finds a size by its whole name", () => {
    const text = "Pss:      12 kB\nRss:    34 kB\nRss_Other: 56 kB\n";
    assert.equal(sizeIn(text, "Rss"), 34 * 1024);
    assert.equal(sizeIn(text, "Swap"), 0);
  });

  it("finds a program and the programs that it has started", async () => {
    const child = spawn("sh", ["-c", "sleep 60 & wait"], { stdio: "ignore", detached: true });
    const ended = once(child, "exit");
    const root = child.pid ?? 0;
    try {
      await eventually(async () => assert.equal((await processTree(root)).length, 2));
      assert.equal((await processTree(root))[0], root);
    } finally {
      process.kill(-root, "SIGKILL");
      await ended;
    }
    assert.deepEqual(await processTree(root), [root]);
  });

  it("reads memory of a running process", async () => {
    const { resident, proportional, own } = await memoryOf(process.pid);
    assert.ok(own > 0 && own <= proportional && proportional <= resident);
    assert.ok((await peakOf(process.pid)) >= own);
  });
});
