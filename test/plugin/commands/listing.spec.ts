import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { FORMAT_FLAG, parseFlags } from "../../../plugin/commands/flags.ts";
import {
  describeFields,
  type Listing,
  NO_TRUNC_FLAG,
  type Output,
  QUIET_FLAG,
  readOutput,
} from "../../../plugin/commands/listing.ts";

interface Row {
  readonly name: string;
  readonly ports: readonly number[];
}

const LISTING: Listing<Row> = {
  quiet: "Name",
  columns: [
    {
      ...{ field: "Name", header: "NAME", value: ({ name }) => name },
      shorten: (name) => name.slice(0, 4),
    },
    { field: "Ports", header: "PORTS", value: ({ ports }) => ports },
    { field: "Count", header: "COUNT", value: ({ ports }) => ports.length, isExtra: true },
  ],
};

const ROWS: readonly Row[] = [
  { name: "orders", ports: [8080, 9090] },
  { name: "web", ports: [] },
];

function outputOf(...args: readonly string[]): Output<Row> {
  return readOutput(parseFlags(args, [FORMAT_FLAG, QUIET_FLAG, NO_TRUNC_FLAG]), LISTING);
}

const SHOWN: readonly (readonly [string, readonly string[], string])[] = [
  ["a table", [], "NAME      PORTS\norde      8080, 9090\nweb       -\n"],
  [
    "a table by name",
    ["--format", "table"],
    "NAME      PORTS\norde      8080, 9090\nweb       -\n",
  ],
  [
    "a table as for an empty format",
    ["--format", ""],
    "NAME      PORTS\norde      8080, 9090\nweb       -\n",
  ],
  ["nothing cut", ["--no-trunc"], "NAME      PORTS\norders    8080, 9090\nweb       -\n"],
  [
    "a line of JSON for each row, with what the table leaves out",
    ["--format", "json"],
    '{"Name":"orders","Ports":[8080,9090],"Count":2}\n{"Name":"web","Ports":[],"Count":0}\n',
  ],
  ["a template for each row", ["--format", "{{.Name}}={{.Count}}"], "orders=2\nweb=0\n"],
  [
    "\\t and \\n in templates",
    ["--format", "{{.Name}}\\t{{.Count}}\\n"],
    "orders\t2\n\nweb\t0\n\n",
  ],
  [
    "a table of templates",
    ["--format", "table {{.Count}}\\t{{upper .Name}}"],
    "COUNT     NAME\n2         ORDERS\n0         WEB\n",
  ],
  ["names alone", ["-q"], "orders\nweb\n"],
  ["names alone, whatever the format", ["-q", "--format", "json"], "orders\nweb\n"],
];

describe("what a verb lists", () => {
  for (const [what, args, text] of SHOWN) {
    it(`shows ${what}`, () => {
      assert.equal(outputOf(...args).render(ROWS), text);
    });
  }

  it("shows headers alone where there is nothing, and nothing in other formats", () => {
    const shown = ["table", "table {{.Count}}", "json", "{{.Name}}"].map((format) =>
      outputOf("--format", format).render([]),
    );
    assert.deepEqual(shown, ["NAME      PORTS\n", "COUNT\n", "", ""]);
  });

  it("goes on without another header", () => {
    const output = outputOf("--format", "table {{.Name}}");
    assert.equal(output.render(ROWS, true), "orders\nweb\n");
  });

  it("lets no name steer the terminal", () => {
    const strange = [{ name: "a\u001b[2J\u2028", ports: [] }];
    assert.equal(outputOf("--format", "{{.Name}}").render(strange), "a\\u{1b}[2J\\u{2028}\n");
    assert.match(outputOf("--format", "json").render(strange), /"a\\u001b\[2J\\u2028"/);
    assert.match(outputOf("--no-trunc").render(strange), /\na\\u\{1b\}\[2J\\u\{2028\} /);
  });

  it("refuses a format that is none", () => {
    assert.throws(() => outputOf("--format", "yaml"), {
      name: "UsageError",
      message:
        "invalid argument \"yaml\" for --format: expected table, json or a Go template such as '{{.Name}}'",
    });
  });

  for (const format of ["{{.Nmae}}", "table {{.Nmae}}"]) {
    it(`refuses ${format} before there is a row`, () => {
      assert.throws(() => outputOf("--format", format), {
        name: "TemplateError",
        message:
          "--format: unknown field .Nmae: did you mean .Name? There are .Name, .Ports, .Count",
      });
    });
  }

  it("says in the help which fields there are", () => {
    assert.equal(describeFields(LISTING), "\nFields for templates:\n  .Name .Ports .Count\n");
  });
});
