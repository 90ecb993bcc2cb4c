import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  type Family,
  histogramSamples,
  writeFamilies,
} from "../../../plugin/metrics/exposition.ts";

const text = (...families: Family[]): string => [...writeFamilies(families)].join("");

describe("Prometheus' text format", () => {
  it("has a line for the help, one for the type, and one for each sample", () => {
    const samples = [
      { labels: { service: "orders", code: "200" }, value: 3 },
      { labels: {}, value: 0.25 },
    ];
    assert.equal(
      text({ name: "some_total", help: "Some.", type: "counter", samples }),
      '# HELP some_total Some.\n# TYPE some_total counter\nsome_total{service="orders",code="200"} 3\nsome_total 0.25\n',
    );
  });

  it("escapes what would end a value or a line, and nothing else", () => {
    const samples = [{ labels: { name: 'a "b" \\ c\nd é' }, value: 1 }];
    assert.equal(
      text({ name: "x", help: 'back\\slash, "quote"\nline', type: "gauge", samples }),
      '# HELP x back\\\\slash, "quote"\\nline\n# TYPE x gauge\nx{name="a \\"b\\" \\\\ c\\nd é"} 1\n',
    );
  });

  it("adds the buckets of histograms up, the last of which has everything", () => {
    const samples = histogramSamples({ a: "b" }, [0.5, 1], { sum: 12.5, counts: [2, 0, 3] });
    assert.equal(
      text({ name: "h", help: "H.", type: "histogram", samples }),
      [
        "# HELP h H.",
        "# TYPE h histogram",
        'h_bucket{a="b",le="0.5"} 2',
        'h_bucket{a="b",le="1"} 2',
        'h_bucket{a="b",le="+Inf"} 5',
        'h_sum{a="b"} 12.5',
        'h_count{a="b"} 5',
        "",
      ].join("\n"),
    );
  });
});
