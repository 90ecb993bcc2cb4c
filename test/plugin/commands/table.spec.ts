import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { renderTable } from "../../../plugin/commands/table.ts";

describe("tables", () => {
  it("align columns with three blanks between them and none at the end", () => {
    const table = renderTable(
      ["NAME", "PORTS"],
      [
        ["größe", ""],
        ["a", "1"],
      ],
    );
    assert.equal(table, "NAME    PORTS\ngröße\na       1\n");
  });
});
