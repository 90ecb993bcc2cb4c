import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, it } from "mocha";
import { readExecOutput } from "../../../plugin/commands/exec-output.ts";
import { frame } from "./fake-engine.ts";

describe("the output of a command in a container", () => {
  const bytes = Buffer.concat([
    frame(1, "grö"),
    frame(2, "warning\n"),
    frame(1, ""),
    frame(1, "ße"),
  ]);

  it("comes apart into its two streams, however it was cut into chunks", async () => {
    for (const size of [1, 3, 8, bytes.length]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      );
      assert.deepEqual(await readExecOutput(Readable.from(chunks)), {
        standardOutput: "größe",
        standardError: "warning\n",
      });
    }
  });

  it("counts as far as it came when the stream was cut short", async () => {
    const cut = [bytes.subarray(0, 10)];
    assert.equal((await readExecOutput(Readable.from(cut))).standardOutput, "gr");
  });
});
