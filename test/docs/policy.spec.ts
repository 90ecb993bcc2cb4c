import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { ALL_FIELDS } from "../../mesh/policy/fields.ts";
import { validateDocument } from "../../mesh/policy/validate.ts";
import { parseLabels } from "../../plugin/labels/parse.ts";

const DOCS = new URL("../../docs/", import.meta.url);
const PAGE = readFileSync(new URL("policy.md", DOCS), "utf8");
const REFERENCE = readFileSync(new URL("labels.md", DOCS), "utf8");

interface Example {
  /** Of the heading above it, and the service. */
  readonly title: string;
  /** As YAML has them, quotes included. */
  readonly labels: readonly (readonly [string, string])[];
}

/** The texts between fences of that language, each with the heading above it. */
function fenced(language: string): readonly { readonly title: string; readonly text: string }[] {
  let title = "";
  const found: { title: string; text: string }[] = [];
  for (const part of PAGE.split(/^(?=#|```)/m)) {
    title = /^#+ (.*)$/m.exec(part)?.[1] ?? title;
    if (part.startsWith(`\`\`\`${language}\n`)) {
      found.push({ title, text: part.slice(language.length + 4) });
    }
  }
  return found;
}

/** A service is `  name:` and its labels are `      mesh.…: value`, which is all that the examples need of YAML. */
function examples(): readonly Example[] {
  return fenced("yaml").flatMap(({ title, text }) =>
    text.split(/^(?= {2}\S)/m).flatMap((service) => {
      const labels = [...service.matchAll(/^ {6}(mesh\.[^:]*): (.*)$/gm)].map(
        ([, name = "", value = ""]) => [name, value] as const,
      );
      const name = /^ {2}(\S+):$/m.exec(service)?.[1] ?? "";
      return labels.length === 0 ? [] : [{ title: `${title} (${name})`, labels }];
    }),
  );
}

function unquote(value: string): string {
  return value.startsWith('"') ? String(JSON.parse(value)) : value;
}

/** What YAML would not read as a text, or not as this one. */
const NEEDS_QUOTES =
  /^(?:[-?:,[\]{}#&*!|>'"%@`]|[\d.+-]+$|(?:true|false|yes|no|on|off|null|~)$)|: | #/i;

/** In brackets behind the name, and in the column `default` of its row, where "none" is a 0. */
function saidDefaults(name: string): readonly string[] {
  const quoted = `\`${name}\``;
  const behind = PAGE.split(quoted).flatMap((text, index) =>
    index === 0 ? [] : (/^\s+\(([^)]*)\)/.exec(text)?.[1] ?? []),
  );
  const tables = PAGE.split("\n\n").filter((block) => block.startsWith("| field |"));
  const inTables = tables.flatMap((table) => {
    const [head = [], , ...rows] = table.split("\n").map((line) => line.split(" | "));
    const column = head.findIndex((heading) => /^default( \|)?$/.test(heading));
    const row = rows.find(([first]) => first === `| ${quoted}`);
    return column < 0 || row === undefined ? [] : [(row[column] ?? "").replaceAll(/[`|\s]/g, "")];
  });
  const zero = PLAIN_ZERO.get(name) ?? "0";
  return [...behind, ...inTables.map((text) => (text === "none" ? zero : text))];
}

const PLAIN_ZERO: ReadonlyMap<string, string> = new Map(
  ALL_FIELDS.filter(({ name }) => name.startsWith("timeouts.")).map(({ name }) => [name, "0s"]),
);

describe("docs/policy.md", () => {
  it("has examples", () => {
    assert.ok(examples().length >= 10);
    assert.ok(fenced("json").length >= 1);
  });

  for (const { title, labels } of examples()) {
    it(`has an example for "${title}" that can be pasted`, () => {
      const texts = Object.fromEntries(labels.map(([name, value]) => [name, unquote(value)]));
      const { enabled, problems } = parseLabels(texts);
      assert.deepEqual(problems, []);
      assert.equal(enabled, true);
      assert.equal(Object.keys(texts).length, labels.length, "a label stands there twice");
      for (const [name, value] of labels) {
        assert.ok(value.startsWith('"') || !NEEDS_QUOTES.test(value), `${name}: ${value}`);
      }
    });
  }

  for (const { title, text } of fenced("json")) {
    it(`has a document for "${title}" that is accepted`, () => {
      assert.deepEqual(
        validateDocument(JSON.parse(text.replace(/```\n?$/, ""))).problems,
        undefined,
      );
    });
  }

  it("speaks only of fields that there are, and the reference of all of them", () => {
    const known = new Set(ALL_FIELDS.map(({ name }) => name));
    const groups = "balance|timeouts|retries|limits|outlier|recovery|check|route|rule|jwt";
    const named = new RegExp(`\`((?:${groups})\\.(?:<name>\\.)?[a-z0-9-]+)(?:: [^\`]*)?\``, "g");
    for (const [, name = ""] of PAGE.matchAll(named)) assert.ok(known.has(name), name);
    const both = `${PAGE}\n${REFERENCE}`;
    const missing = [...known].filter((name) => !both.includes(name));
    assert.deepEqual(missing, []);
  });

  it("says the defaults that hold", () => {
    for (const { name, fallback } of ALL_FIELDS) {
      for (const said of saidDefaults(name)) assert.equal(said, fallback, name);
    }
    assert.ok(ALL_FIELDS.flatMap(({ name }) => saidDefaults(name)).length >= 25);
  });
});
