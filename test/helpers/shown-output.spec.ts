import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { isAsShown, readSteps } from "./shown-output.ts";

describe("commands as pages show them", () => {
  it("are lines with a prompt, and below each what it prints", () => {
    assert.deepEqual(readSteps("$ one\nout\n\nmore\n$ two  # fails\n$ three\n"), [
      { command: "one", shown: ["out", "", "more"], fails: false },
      { command: "two", shown: [], fails: true },
      { command: "three", shown: [], fails: false },
    ]);
  });

  it("may go on over several lines", () => {
    const [first, second] = readSteps("$ one \\\n    two\nout\n$ cat <<END\n> text\n> END\ntext\n");
    assert.deepEqual(first, { command: "one \\\ntwo", shown: ["out"], fails: false });
    assert.deepEqual(second, { command: "cat <<END\ntext\nEND", shown: ["text"], fails: false });
  });

  it("begin with a prompt", () => {
    assert.throws(() => readSteps("docker mesh status\n"), /begins with "\$ "/);
  });
});

describe("what a page shows", () => {
  const cases: readonly (readonly [what: string, shown: string, printed: string, same: boolean])[] =
    [
      ["the same text", "a\nb", "a\nb\n", true],
      ["another text", "a\nb", "a\nc\n", false],
      ["a line more", "a", "a\nb\n", false],
      ["a line less", "a\nb", "a\n", false],
      ["a line in between that is not shown", "a\nc", "a\nb\nc\n", false],
      ["any lines", "a\n…\nz", "a\nb\nc\nz\n", true],
      ["no lines where there may be any", "a\n…\nz", "a\nz\n", true],
      ["the end of a line", "version …", "version 28.5\n", true],
      ["the middle of a line", "a … z", "a b c z\n", true],
      ["columns of another width", "NAME  STATE", "NAME       STATE  \n", true],
      ["columns that have grown together", "NAME  STATE", "NAMESTATE\n", false],
      ["another time", "12:00:00.250  12.5ms  up 23s", "09:31:07.1 0.4ms up 1m3s\n", true],
      ["another count", "3 requests", "4 requests\n", false],
      ["another status", "HTTP/1.1 200", "HTTP/1.1 503\n", false],
      ["another size", "61.9MiB", "70MiB\n", true],
      ["another share", "50%", "33%\n", false],
      ["another address", "127.64.0.1:80", "127.99.3.2:80\n", true],
      ["another port", "127.64.0.1:80", "127.64.0.1:81\n", false],
      ["another identifier", "0c5b1e7a9d3f", "aabbccddeeff0011\n", true],
      ["text that means something in patterns", "a (b) [c] $d.*", "a (b) [c] $d.*\n", true],
      ["nothing", "", "\n", true],
    ];
  for (const [what, shown, printed, same] of cases) {
    it(`is ${same ? "" : "not "}met by ${what}`, () => {
      assert.equal(isAsShown(shown.split("\n"), printed), same);
    });
  }
});
