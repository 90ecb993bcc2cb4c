import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { ERROR_CODES } from "../../mesh/errors.ts";
import { API_CODES } from "../../plugin/api/error-status.ts";
import { FAILURES } from "../../proxy/failures.ts";

const PAGE = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");

/** The cells of each table row that begins with a code, by code. */
function rows(section: string): ReadonlyMap<string, readonly string[]> {
  const lines = [...section.matchAll(/^\| `([A-Z_]+)` \| (.*) \|$/gm)];
  return new Map(lines.map(([, code = "", cells = ""]) => [code, cells.split(" | ")]));
}

describe("docs/errors.md", () => {
  const [control = "", data = ""] = PAGE.split("## Data plane");

  it("explains every code of the control plane and no other, in the order of the code", () => {
    assert.deepEqual([...rows(control).keys()], [...ERROR_CODES, ...API_CODES]);
  });

  it("explains every failure of the data plane and no other, each with its status", () => {
    const explained = [...rows(data)].map(([code, [status]]) => [code, Number(status)]);
    assert.deepEqual(
      explained,
      Object.entries(FAILURES).map(([code, { status }]) => [code, status]),
    );
  });

  it("gives meaning, cause and cure for each", () => {
    for (const cells of rows(control).values())
      assert.equal(cells.filter((cell) => cell !== "").length, 3);
    for (const cells of rows(data).values())
      assert.equal(cells.filter((cell) => cell !== "").length, 4);
  });
});
