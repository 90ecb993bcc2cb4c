import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { parseLabels } from "../../../plugin/labels/parse.ts";
import { renderLabelReference } from "../../../plugin/labels/render.ts";
import { LABEL_NAMES, LABELS } from "../../../plugin/labels/table.ts";

describe("label reference", () => {
  it("is what docs/labels.md holds", () => {
    const page = readFileSync(new URL("../../../docs/labels.md", import.meta.url), "utf8");
    assert.equal(
      page,
      renderLabelReference(),
      "docs/labels.md differs from the label table: run `node plugin/labels/write-reference.ts`",
    );
  });

  it("has one row for every label", () => {
    assert.deepEqual(
      LABELS.map(({ name }) => name),
      [...LABEL_NAMES],
    );
  });

  for (const { name, example } of LABELS) {
    it(`shows an example of ${name} that is valid`, () => {
      const [key = "", value = ""] = example.split(": ");
      assert.equal(key, name);
      // What is said of gateways is said of nobody else.
      const gateway = name.startsWith("mesh.gateway.") ? { "mesh.gateway": "http:80" } : {};
      const labels = { "mesh.enable": "true", ...gateway, [key]: value.replaceAll('"', "") };
      const { problems } = parseLabels(labels);
      assert.deepEqual(problems, []);
    });
  }
});
