import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { renderReference } from "../../../plugin/commands/render-reference.ts";
import { VERBS } from "../../../plugin/commands/verbs.ts";

describe("the reference of commands", () => {
  const page = readFileSync(new URL("../../../docs/commands.md", import.meta.url), "utf8");

  it("is what docs/commands.md holds", async () => {
    assert.equal(
      page,
      await renderReference(),
      "docs/commands.md differs from the verbs: run `node plugin/commands/write-reference.ts`",
    );
  });

  for (const { name, summary } of VERBS) {
    it(`${summary === undefined ? "leaves out" : "has"} docker mesh ${name}`, () => {
      assert.equal(new RegExp(`^## docker mesh ${name}\\b`, "m").test(page), summary !== undefined);
    });
  }
});
