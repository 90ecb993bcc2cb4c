import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { judge } from "./bars.ts";
import { chartsOf } from "./charts.ts";
import { sampleResults, sampleRow, sampleSubject } from "./sample-results.ts";
import { asMarkdown, asText } from "./table.ts";
import { idleTable, judgementTable, loadTables } from "./tables.ts";

const RESULTS = sampleResults({
  subjects: [
    sampleSubject("mesh hop", "hop", [62_000_000]),
    sampleSubject("a<b hop", "hop"),
    sampleSubject("prototype hop", "hop"),
  ],
  rows: [
    sampleRow({ subject: "mesh hop", load: "closed-32", round: 1, processorPerRequest: 18 }),
    sampleRow({ subject: "mesh hop", load: "closed-32", round: 2, processorPerRequest: 20 }),
    sampleRow({ subject: "a<b hop", load: "closed-32", errors: 2, disturbed: true }),
    sampleRow({ subject: "prototype hop", load: "closed-32" }),
  ],
});

describe("the tables of the bench", () => {
  it("show the median and the range of a subject, and what went wrong", () => {
    const [table, ...others] = loadTables(RESULTS);
    assert.deepEqual(others, []);
    const [, ours, theirs] = table?.rows ?? [];
    assert.deepEqual(ours?.slice(0, 4), ["mesh hop", "19.0", "[18.0–20.0]", "10,000"]);
    assert.deepEqual(theirs?.slice(-2), ["0 % !", "2"]);
  });

  it("leave out subjects without idle figures", () => {
    const names = idleTable(RESULTS).rows.map(([name]) => name);
    assert.deepEqual(names, ["", "mesh hop"]);
  });

  it("say how many bars could not be judged", () => {
    const all = judge(RESULTS);
    const { rows, note } = judgementTable(all);
    assert.equal(note, `not measured in this run: ${all.length - rows.length + 1} more`);
  });

  it("are aligned on a terminal and piped on a page", () => {
    const table = {
      title: "t",
      rows: [
        ["", "n"],
        ["long name", "1"],
        ["b", "100"],
      ],
      note: "",
    };
    assert.equal(asText(table), "t\n             n\nlong name    1\nb          100");
    assert.equal(
      asMarkdown(table),
      "**t**\n\n|  | n |\n| --- | --: |\n| long name | 1 |\n| b | 100 |",
    );
  });
});

describe("the charts of the bench", () => {
  it("are drawn for what was measured, the best first, without what only we can run", () => {
    const charts = chartsOf(RESULTS);
    assert.deepEqual([...charts.keys()], ["hop.svg"]);
    const labels = [...(charts.get("hop.svg") ?? "").matchAll(/"end">([^<]*)</g)].map(
      ([, label]) => label,
    );
    assert.deepEqual(labels, ["mesh hop", "a&lt;b hop"]);
  });
});
