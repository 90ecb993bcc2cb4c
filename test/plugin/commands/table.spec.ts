import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { renderTable } from "../../../plugin/commands/table.ts";

describe("tables", () => {
  it("align columns with three blanks between them and none at the end", () => {
    const table = renderTable(
      ["NAME", "PORTS"],
      [
        ["größe-und-name", ""],
        ["a", "1"],
      ],
    );
    assert.equal(table, "NAME             PORTS\ngröße-und-name\na                1\n");
  });

  it("give each column ten characters at least, as Docker's do", () => {
    assert.equal(
      renderTable(["A", "B", "C"], [["1", "2", "3"]]),
      "A         B         C\n1         2         3\n",
    );
  });
});
