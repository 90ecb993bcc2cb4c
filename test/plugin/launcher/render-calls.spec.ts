import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { withCalls } from "../../../plugin/launcher/render-calls.ts";
import { ROOT } from "../../structure/source-files.ts";

describe("docs/security.md", () => {
  it("lists the calls of the engine as the code has them (node plugin/launcher/write-reference.ts)", () => {
    const text = readFileSync(join(ROOT, "docs/security.md"), "utf8");
    assert.equal(text, withCalls(text));
  });

  it("has a place for them", () => {
    assert.throws(() => withCalls("# Security\n"), /expected <!-- calls/);
  });
});
