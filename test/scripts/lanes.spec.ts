import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { runInLanes } from "../../scripts/testing/lanes.ts";

/** Notes that it runs, waits until as many have as it is told, and passes unless its name says otherwise. */
const PROGRAM = `
const { readdirSync, writeFileSync } = require("node:fs");
const name = process.argv.at(-1);
writeFileSync(process.env.FOLDER + "/" + name + "@" + process.env.LANE, "");
const wait = () => {
  if (readdirSync(process.env.FOLDER).length < Number(process.env.TOGETHER)) return setTimeout(wait, 5);
  const failed = name.startsWith("bad") ? 1 : 0;
  console.log(failed + " of " + name);
  console.log(2 + " passed, " + failed + " failed");
  process.exitCode = failed;
};
wait();
`;

describe("specs on several engines", () => {
  let folder: string;
  let printed: string[];
  beforeEach(async () => {
    printed = [];
    folder = await mkdtemp(join(tmpdir(), "mesh-lanes-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const run = async (files: readonly string[], lanes: number, together: number): Promise<unknown> =>
    await runInLanes(
      {
        title: "specs",
        command: [process.execPath, "-e", PROGRAM],
        files,
        lanes: Array.from({ length: lanes }, (_, lane) => ({
          enter: [],
          environment: { FOLDER: folder, LANE: String(lane), TOGETHER: String(together) },
        })),
        print: (text) => void printed.push(text),
      },
      AbortSignal.timeout(9_000),
    );

  it("run once each, on whichever engine is free", async () => {
    const files = ["a", "b", "c", "d", "e"];
    assert.deepEqual(await run(files, 2, 0), { passed: 10, failed: 0 });
    const ran = (await readdir(folder)).map((name) => name.split("@")[0]);
    assert.deepEqual(ran.toSorted(), files);
  });

  it("run at the same time", async () => {
    assert.deepEqual(await run(["a", "b"], 2, 2), { passed: 4, failed: 0 });
    assert.deepEqual((await readdir(folder)).toSorted(), ["a@0", "b@1"]);
  });

  it("count those that fail, and go on", async () => {
    assert.deepEqual(await run(["a", "bad", "c"], 1, 0), { passed: 6, failed: 1 });
    assert.deepEqual(printed, ["\n— specs —", "0 of a", "1 of bad", "0 of c"]);
  });
});
