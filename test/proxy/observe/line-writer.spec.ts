// Lines for a reader who may be slow, away or gone: nobody waits for it, and what it misses is counted.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { LineWriter } from "../../../proxy/observe/line-writer.ts";
import { eventually } from "../../helpers/eventually.ts";

describe("lines on a pipe", () => {
  let directory: string;
  let path: string;
  let reader: number;
  let writer: LineWriter;
  let dropped: number;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "docker-mesh-"));
    path = join(directory, "pipe");
    execFileSync("mkfifo", [path]);
    reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    dropped = 0;
    writer = new LineWriter((count) => {
      dropped += count;
    }, path);
  });
  afterEach(() => {
    writer[Symbol.dispose]();
    if (reader >= 0) closeSync(reader);
    rmSync(directory, { recursive: true });
  });

  /** What is in the pipe. */
  const read = (): string => {
    const bytes = Buffer.alloc(1_024 * 1_024);
    try {
      return bytes.toString("utf8", 0, readSync(reader, bytes));
    } catch {
      return "";
    }
  };

  it("arrive in order, each whole", async () => {
    const lines = Array.from({ length: 500 }, (_, number) => `${number} ${"ä".repeat(20)}\n`);
    for (const line of lines) writer.write(line);
    let text = "";
    await eventually(() => {
      text += read();
      assert.equal(text, lines.join(""));
    });
    assert.equal(dropped, 0);
  });

  it("wait for a reader that has no time, as far as there is room, and the others are counted", async () => {
    const line = `${"x".repeat(999)}\n`;
    for (let number = 0; number < 10_000; number += 1) writer.write(line);
    // A write that waited would wait for this very process.
    assert.ok(dropped > 9_000, `${dropped}`);
    let text = "";
    await eventually(() => {
      text += read();
      assert.equal(text.length / line.length + dropped, 10_000);
    });
    assert.ok(text.split("\n").every((each) => each === "" || each.length === 999));
  });

  it("are never torn: one that a pipe does not take whole is counted", async () => {
    writer.write(`${"x".repeat(4_096)}\n`);
    writer.write(`${"y".repeat(4_095)}\n`);
    await eventually(() => assert.equal(read().length, 4_096));
    assert.equal(dropped, 1);
  });

  it("are counted when the reader has gone", async () => {
    closeSync(reader);
    reader = -1;
    writer.write("nobody\n");
    await eventually(() => assert.equal(dropped, 1));
  });

  it("that wait are written at the end, or counted", async () => {
    const line = `${"x".repeat(999)}\n`;
    for (let number = 0; number < 200; number += 1) writer.write(line);
    writer[Symbol.dispose]();
    assert.equal(read().length / line.length + dropped, 200);
    assert.ok(dropped > 0);
    writer = new LineWriter(() => undefined, path);
  });

  it("go to a file, behind what is there", async () => {
    const file = join(directory, "file");
    execFileSync("sh", ["-c", `echo before > ${file}`]);
    const other = new LineWriter(() => assert.fail("nothing is dropped"), file);
    other.write("after\n");
    other[Symbol.dispose]();
    assert.equal(readFileSync(file, "utf8"), "before\nafter\n");
  });
});
