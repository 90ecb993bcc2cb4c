import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { formatSeconds, Progress } from "../../scripts/progress.ts";

function terminal(isTTY: boolean): { isTTY: boolean; text: string; write(text: string): void } {
  return {
    isTTY,
    text: "",
    write(text) {
      this.text += text;
    },
  };
}

describe("progress", () => {
  it("prints a line when a step begins and one when it ends, with what it gave and how long it took", async () => {
    const output = terminal(false);
    let now = 0;
    const progress = new Progress(output, () => now);
    const value = await progress.step(
      "engine",
      async () => {
        now += 3_210;
        return "20.10";
      },
      (version) => version,
    );
    assert.equal(value, "20.10");
    assert.equal(output.text, "  … engine\n  ✓ engine: 20.10 (3.2 s)\n");
  });

  it("marks a step that failed and passes the failure on", async () => {
    const output = terminal(false);
    const progress = new Progress(output, () => 0);
    const failing = progress.step("engine", async () => {
      throw new Error("no engine");
    });
    await assert.rejects(failing, /no engine/);
    assert.match(output.text, /✗ engine/);
  });

  it("replaces the line on a terminal, and shows what the step is doing", async () => {
    const output = terminal(true);
    const progress = new Progress(output, () => 0);
    await progress.step("image", async ({ note }) => note("unpacking"));
    assert.ok(output.text.includes("\r\x1b[2K  … image: unpacking"), JSON.stringify(output.text));
    assert.ok(output.text.endsWith("\r\x1b[2K  ✓ image\n"), JSON.stringify(output.text));
  });

  it("gives times in seconds, and none for an instant", () => {
    assert.equal(formatSeconds(12_345), " (12.3 s)");
    assert.equal(formatSeconds(40), "");
  });
});
