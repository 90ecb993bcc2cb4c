// What the console says about codes: the text of docs/errors.md.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { ERROR_CODES } from "../../../../mesh/errors.ts";
import { API_CODES } from "../../../../plugin/api/error-status.ts";
import { parseCodes, parseInline } from "../../../../plugin/console/page/model/codes.ts";
import { ROOT } from "../../../structure/source-files.ts";

describe("the codes of the console", () => {
  const codes = parseCodes(readFileSync(join(ROOT, "docs/errors.md"), "utf8"));

  it("are all of the control plane's and of the API's, each with what to do", () => {
    for (const code of [...ERROR_CODES, ...API_CODES]) {
      const text = codes.get(code);
      assert.ok(text !== undefined, code);
      assert.ok(text.meaning.length > 10 && text.cure.length > 5, JSON.stringify(text));
    }
  });

  it("are those of requests too, whose tables have a column more", () => {
    assert.match(codes.get("ACCESS_DENIED")?.cure ?? "", /\w/);
    assert.doesNotMatch(codes.get("ACCESS_DENIED")?.meaning ?? "", /^\d+$/);
  });

  it("are nothing but rows of tables", () => {
    const text = "`NOT_A_ROW` | x\n| `lower` | a | b | c |\n| `CODE_A` | m | c | do \\| that |\n";
    assert.deepEqual(
      [...parseCodes(text).values()],
      [{ code: "CODE_A", meaning: "m", cause: "c", cure: "do \\| that" }],
    );
  });

  it("keep their code, and links become text", () => {
    assert.deepEqual(parseInline("see `a|b` in [labels.md](labels.md#x) or \\| `c`"), [
      { kind: "text", text: "see " },
      { kind: "code", text: "a|b" },
      { kind: "text", text: " in labels.md or | " },
      { kind: "code", text: "c" },
    ]);
  });
});
