// The written history of a load, read as it grows.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type HistoryLine, parseHistory } from "./history.ts";
import { LoadReader } from "./load.ts";

const LINES: readonly HistoryLine[] = [
  {
    complete: 1_000,
    rows: [
      [20, 5, "kept", "", "a"],
      [10, 5, "fresh", "ECONNRESET", ""],
    ],
  },
  { complete: 2_000, rows: [[1_500, 12, "grpc", "", "b"]] },
];
const TEXT = LINES.map((line) => `${JSON.stringify(line)}\n`).join("");
const REQUESTS = [
  { kind: "fresh", begun: 10, ended: 15, failure: "ECONNRESET", replica: undefined },
  { kind: "kept", begun: 20, ended: 25, failure: undefined, replica: "a" },
  { kind: "grpc", begun: 1_500, ended: 1_512, failure: undefined, replica: "b" },
];

/** A file of which so much is there. */
function fileOf(text: string): { written: number; read: (from: number) => string } {
  const file = {
    written: 0,
    read: (from: number): string => {
      const there = text.slice(0, file.written);
      return `${there.slice(from, there.lastIndexOf("\n") + 1)}.`;
    },
  };
  return file;
}

describe("the history of a load", () => {
  it("is all its requests by their begin", () => {
    assert.deepEqual(parseHistory(TEXT), { requests: REQUESTS, complete: 2_000 });
  });

  it("leaves out a line that is still being written", () => {
    const { requests, complete } = parseHistory(TEXT.slice(0, -5));
    assert.deepEqual(requests, REQUESTS.slice(0, 2));
    assert.equal(complete, 1_000);
  });

  it("is read on from where the last reading ended", async () => {
    const file = fileOf(TEXT);
    const offsets: number[] = [];
    const reader = new LoadReader(async (...command) => {
      const from = Number(command.at(-1));
      offsets.push(from);
      return file.read(from);
    });
    file.written = TEXT.length - 5;
    assert.deepEqual(await reader.read(0), { requests: REQUESTS.slice(0, 2), complete: 1_000 });
    file.written = TEXT.length;
    assert.deepEqual(await reader.read(0), { requests: REQUESTS, complete: 2_000 });
    assert.deepEqual(await reader.read(1_000), { requests: REQUESTS.slice(2), complete: 2_000 });
    assert.deepEqual(offsets, [0, TEXT.indexOf("\n") + 1, TEXT.length]);
  });
});
