import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { parseLabels } from "../../../plugin/labels/parse.ts";
import { LABEL_NAMES } from "../../../plugin/labels/table.ts";
import { printParsed, readGoldenCase } from "./golden.ts";

const FOLDER = new URL("../../golden/labels/", import.meta.url);

describe("labels", () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".txt"));

  for (const file of files) {
    it(file.replace(/\.txt$/, "").replaceAll("-", " "), () => {
      const { labels, expected } = readGoldenCase(readFileSync(new URL(file, FOLDER), "utf8"));
      assert.equal(printParsed(parseLabels(labels)), expected);
    });
  }

  it("has a golden case for every label", () => {
    const read = files.map((file) => readGoldenCase(readFileSync(new URL(file, FOLDER), "utf8")));
    const covered = new Set(read.flatMap(({ labels }) => Object.keys(labels)));
    assert.deepEqual(
      LABEL_NAMES.filter((name) => !covered.has(name)),
      [],
    );
  });

  it("names the label, safe to print, in each problem", () => {
    const { problems } = parseLabels({
      "mesh.enable": "true",
      "mesh.\u001b[2J": "",
      "mesh.port": "0",
    });
    assert.deepEqual(
      problems.map(({ code, label }) => [code, label]),
      [
        ["LABEL_INVALID", "mesh.port"],
        ["LABEL_UNKNOWN", "mesh.\\u{1b}[2J"],
      ],
    );
  });
});
