import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readMarkdown } from "./markdown.ts";

describe("reading Markdown", () => {
  it("finds code between fences, with its language, its line and its heading", () => {
    const { blocks } = readMarkdown("# A page\n\n## Look\n```sh\none\n\ntwo\n```\ntext\n");
    assert.deepEqual(blocks, [
      { language: "sh", text: "one\n\ntwo\n", line: 5, heading: "Look", fenced: true },
    ]);
  });

  it("finds code that is indented, but not what only goes on with a list", () => {
    const { blocks } = readMarkdown("text\n\n    one\n\n      two\n\n- item\n\n    of the item\n");
    assert.deepEqual(
      blocks.map(({ text, fenced }) => ({ text, fenced })),
      [{ text: "one\n\n  two\n", fenced: false }],
    );
  });

  it("takes the indentation of a fence off its code", () => {
    const { blocks } = readMarkdown("- item\n\n  ```sh\n  one\n    two\n  ```\n");
    assert.deepEqual(
      blocks.map(({ text }) => text),
      ["one\n  two\n"],
    );
  });

  it("knows anchors as GitHub makes them", () => {
    const page = "# `mesh.*`, and why\n## What it does\n## What it does\n### [Swarm](swarm.md) 2\n";
    assert.deepEqual(readMarkdown(page).anchors, [
      "mesh-and-why",
      "what-it-does",
      "what-it-does-1",
      "swarm-2",
    ]);
  });

  it("finds links in text, and none in code", () => {
    const page = "[a](a.md#b) and ![c](c.png), `[d](d.md)`\n\n```\n[e](e.md)\n```\n";
    assert.deepEqual(readMarkdown(page).links, [
      { target: "a.md#b", line: 1 },
      { target: "c.png", line: 1 },
    ]);
  });
});
