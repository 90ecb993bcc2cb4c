import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { failed, fine, warning } from "../../../plugin/check/check.ts";
import { renderChecks } from "../../../plugin/commands/render-checks.ts";

describe("checks in a terminal", () => {
  it("are a line each, with what to do beneath", () => {
    assert.equal(
      renderChecks([
        fine("engine", "Docker 28.5.2"),
        warning("kernel", "an old one", "use Linux 5.14 or newer"),
        failed("consul", "does not answer: \u001b[31mno", "start it"),
      ]),
      `✓ engine   Docker 28.5.2
! kernel   an old one
           → use Linux 5.14 or newer
✗ consul   does not answer: \\u{1b}[31mno
           → start it

1 failed, 1 to look at, 1 fine.
`,
    );
  });

  it("end with good news when there is no other", () => {
    assert.equal(renderChecks([fine("engine", "there")]), "✓ engine   there\n\nAll is well.\n");
  });
});
