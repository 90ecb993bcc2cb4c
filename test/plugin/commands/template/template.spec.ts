import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { checkFields } from "../../../../plugin/commands/template/check-fields.ts";
import { readTemplate } from "../../../../plugin/commands/template/read-template.ts";
import {
  renderHeaders,
  renderTemplate,
} from "../../../../plugin/commands/template/render-template.ts";
import type { Value } from "../../../../plugin/commands/template/value.ts";

const DATA: Value = {
  Name: "shop-orders",
  Ports: [8080, 9090],
  Tags: ["blue", "green"],
  None: [],
  Count: 3,
  Version: "",
  Healthy: true,
  Agent: { Version: "0.1.0", Node: "node-1" },
  Absent: null,
};

/** As `docker ps --format` and `docker inspect --format` have them. */
const RENDERED: readonly (readonly [string, string])[] = [
  ["plain", "plain"],
  ["{{.Name}}", "shop-orders"],
  ["{{ .Name }}: {{.Count}} {{.Healthy}}", "shop-orders: 3 true"],
  ["{{.Ports}}", "8080, 9090"],
  ["{{.Agent.Version}}", "0.1.0"],
  ["{{.Agent}}", '{"Version":"0.1.0","Node":"node-1"}'],
  ["{{.Absent}} {{.Absent.Version}}", "<no value> <no value>"],
  ["{{json .Ports}} {{json .Name}}", '[8080,9090] "shop-orders"'],
  ["{{json .Agent}}", '{"Version":"0.1.0","Node":"node-1"}'],
  ["{{upper .Name}} {{.Name | upper | lower}}", "SHOP-ORDERS shop-orders"],
  ['{{title "blue whale"}}', "Blue Whale"],
  ['{{join .Tags "+"}} {{join (split .Name "-") "/"}}', "blue+green shop/orders"],
  ["{{truncate .Name 4}} {{truncate .Name 40}}", "shop shop-orders"],
  ["[{{pad .Name 1 2}}] [{{pad .Version 1 2}}]", "[ shop-orders  ] []"],
  ['{{println .Name "x"}}{{print .Name .Count}}', "shop-orders x\nshop-orders3"],
  ['{{printf "%-13s|%5d|%.1f|%q|%%" .Name .Count 2.55 "a"}}', 'shop-orders  |    3|2.5|"a"|%'],
  ['{{.Name | printf "<%s>"}}', "<shop-orders>"],
  ["{{len .Ports}} {{len .Name}} {{index .Ports 1}}", "2 11 9090"],
  ['{{index .Agent "Node"}} {{(index .Ports 0)}}', "node-1 8080"],
  ["{{if .Version}}{{.Version}}{{else}}none{{end}}", "none"],
  ["{{if .None}}a{{else if .Healthy}}b{{else}}c{{end}}", "b"],
  ['{{if eq .Name "web" "shop-orders"}}yes{{end}}', "yes"],
  ["{{if and (gt .Count 2) (not .None)}}yes{{end}}", "yes"],
  ["{{or .Version .Name}} {{and .Version .Name}}|", "shop-orders |"],
  ["{{ne .Count 3}} {{lt 1 2}} {{le 2 2}} {{ge 1 2}}", "false true true false"],
  ["{{range .Ports}}<{{.}}>{{end}}", "<8080><9090>"],
  ["{{range .None}}x{{else}}empty{{end}}", "empty"],
  [
    "{{range $i, $port := .Ports}}{{$i}}={{$port}} of {{$.Name}};{{end}}",
    "0=8080 of shop-orders;1=9090 of shop-orders;",
  ],
  ["{{range $name, $value := .Agent}}{{$name}}:{{$value}} {{end}}", "Node:node-1 Version:0.1.0 "],
  ["{{with .Agent}}{{.Node}}{{end}}{{with .Absent}}x{{else}}-{{end}}", "node-1-"],
  ["{{$name := .Name}}{{with .Agent}}{{$name}}{{end}}", "shop-orders"],
  ["a {{- .Count -}} b", "a3b"],
  ["a{{/* nothing }} */}}b {{- /* nor this */ -}} c", "abc"],
  ['{{"}}"}} {{`a\\b`}} {{"\\""}}', '}} a\\b "'],
  ["{{true}} {{nil}} {{-1}}", "true <no value> -1"],
];

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["{{.Name", /^--format: expected }} after {{\.Name$/],
  ["{{}}", /expected a field or a function, found nothing in {{}}$/],
  ["{{.Name | }}", /expected a field or a function, found nothing/],
  [
    "{{uper .Name}}",
    /unknown function "uper": did you mean upper\? There are json, upper, lower, /,
  ],
  ["{{bogus}}", /unknown function "bogus": There are json, /],
  ["{{.Name upper}}", /expected a function or a single value/],
  ["{{upper lower .Name}}", /put functions within functions into \( \)/],
  ["{{(upper .Name}}", /expected \) at the end/],
  ["{{upper .Name)}}", /found \) in/],
  ["{{.Name ; .Count}}", /; means nothing in/],
  ["{{if .Name}}x", /expected {{end}} after {{if …}}/],
  ["{{if .Name}}x{{else}}y", /expected {{end}} after the {{else}} of {{if …}}/],
  ["{{end}}", /{{end}} ends nothing/],
  ["{{if .Name}}x{{end .Name}}", /expected a field or a function, found \.Name/],
  ["{{.Name.First}}", /\.First: a text has no fields/],
  ["{{.Agent.Nod}}", /unknown field \.Nod: there are \.Version, \.Node$/],
  ["{{$other}}", /unknown variable \$other/],
  ["{{upper}}", /upper: expected 1 arguments, found 0/],
  ["{{upper .Name .Name}}", /upper: expected 1 arguments, found 2/],
  ['{{join .Name "-"}}', /join: expected a list, found a text/],
  ['{{truncate .Name "4"}}', /truncate: expected a number, found a text/],
  ["{{index .Ports 2}}", /index: expected a number below 2, found 2/],
  ["{{index .Name 0}}", /index: expected a list or a record, found a text/],
  ["{{len .Count}}", /len: expected a list, a record or a text, found a number/],
  ['{{lt .Count "a"}}', /lt: expected two numbers or two texts, found a number and a text/],
  ["{{range .Name}}{{end}}", /range: expected a list, found a text/],
  ['{{printf "%s"}}', /printf: expected an argument for %s, found none/],
  ['{{printf "%x" .Count}}', /printf: expected %s, .*, found %x/],
  ["{{.Name | .Count}}", /expected a function after \|/],
];

describe("templates", () => {
  for (const [template, text] of RENDERED) {
    it(`render ${template}`, () => {
      assert.equal(renderTemplate(readTemplate(template), DATA), text);
    });
  }

  for (const [template, message] of REFUSED) {
    it(`refuse ${template}, in one line`, () => {
      const render = (): string => renderTemplate(readTemplate(template), DATA);
      assert.throws(render, (error: Error) => {
        assert.equal(error.name, "TemplateError");
        assert.ok(!error.message.includes("\n"));
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it("give a text or one line of refusal, whatever is written", () => {
    const piece = fc.constantFrom(
      ...[
        "{{",
        "}}",
        "{{-",
        "-}}",
        ".Name",
        ".Ports",
        ".",
        "$",
        "$x",
        ":=",
        "|",
        "(",
        ")",
        ",",
        '"',
        "`",
        "\\",
      ],
      ...[
        "if ",
        "else",
        "end",
        "range ",
        "with ",
        "upper ",
        "join ",
        "printf ",
        "index ",
        "len ",
        "/*",
        "*/",
        "3",
        " ",
      ],
      ...[
        "{{if .Name}}",
        "{{range $i, $x := .Ports}}",
        "{{else}}",
        "{{end}}",
        "{{.Agent.Node}}",
        "ü\n\t",
      ],
    );
    const written = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(""));
    const holds = (template: string): void => {
      try {
        assert.equal(typeof renderTemplate(readTemplate(template), DATA), "string");
      } catch (error) {
        assert.equal((error as Error).name, "TemplateError", `${template}: ${error}`);
      }
    };
    fc.assert(fc.property(written, holds), { seed: 16, numRuns: 5_000 });
  });

  it("are read in time that grows with their length, not faster", () => {
    for (const text of ["{{", '{{"', "{{`", "{{/*", "{{ -", "{{$", "{{.", "("]) {
      const template = text.repeat(20_000);
      assert.throws(() => readTemplate(`{{${template}`), { name: "TemplateError" });
    }
  });

  const HEADERS = { Name: "NAME", Ports: "PORTS", Agent: "AGENT", Count: "COUNT" };
  const OF_HEADERS: readonly (readonly [string, string])[] = [
    ["{{.Name}}\t{{.Ports}}", "NAME\tPORTS"],
    ["{{upper .Name}} {{json .Ports}} {{truncate .Name 2}}", "NAME PORTS NAME"],
    ['{{join .Ports "+"}} {{index .Ports 0}} {{len .Ports}}', "PORTS PORTS PORTS"],
    ["{{range .Ports}}{{.}}{{end}}", "PORTS"],
    ["{{.Agent.Version}} {{with .Agent}}{{.Node}}{{end}}", "VERSION NODE"],
    ["{{if .Count}}{{.Count}}{{end}}", "COUNT"],
  ];
  for (const [template, text] of OF_HEADERS) {
    it(`have headers for ${template}`, () => {
      assert.equal(renderHeaders(readTemplate(template), HEADERS), text);
    });
  }

  const UNKNOWN = [
    "{{.Nam}}",
    "{{upper .Nam}}",
    "{{if .Name}}{{.Nam}}{{end}}",
    "{{range .Ports}}{{$.Nam}}{{end}}",
    "{{range .Nam}}{{end}}",
    "{{(index .Nam 0).X}}",
  ];
  for (const template of UNKNOWN) {
    it(`are refused for an unknown field before there is a row: ${template}`, () => {
      const known = ["Name", "Ports"];
      const message = "--format: unknown field .Nam: did you mean .Name? There are .Name, .Ports";
      assert.throws(() => checkFields(readTemplate(template), known), { message });
    });
  }

  it("may name other fields where the dot is no row", () => {
    checkFields(readTemplate("{{range .Ports}}{{.Any}}{{end}}{{with .Name}}{{.Any}}{{end}}"), [
      "Name",
      "Ports",
    ]);
  });
});
