import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { FieldProblem, PolicyDocument } from "../../../mesh/policy/document.ts";
import { ALL_FIELDS } from "../../../mesh/policy/fields.ts";
import { readPolicy } from "../../../mesh/policy/read-policy.ts";
import { resolvePolicy } from "../../../mesh/policy/resolve.ts";
import { validateDocument } from "../../../mesh/policy/validate.ts";
import { FIELD_CASES } from "./field-cases.ts";

function accepted(json: unknown, beneath?: PolicyDocument): PolicyDocument {
  const { document, problems } = validateDocument(json, beneath);
  assert.deepEqual(problems, undefined);
  return document ?? {};
}

function refused(json: unknown, beneath?: PolicyDocument): readonly FieldProblem[] {
  return validateDocument(json, beneath).problems ?? [];
}

/** Documents in which no field is wrong, and none contradicts another. */
const GOOD_DOCUMENTS = fc
  .subarray(ALL_FIELDS.filter(({ name }) => !/^rule|path|rewrite|^jwt\.(?:issuer|jwks)/.test(name)))
  .chain((fields) =>
    fc.record(
      Object.fromEntries(
        fields.map(({ name }) => [
          name.replace("<name>", "canary"),
          fc.constantFrom(...(FIELD_CASES[name]?.good ?? [])),
        ]),
      ),
    ),
  );

function nest(document: PolicyDocument): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(document)) {
    const parts = name.split(".");
    const last = parts.pop() ?? "";
    let inner = root;
    for (const part of parts) {
      inner[part] ??= {};
      inner = inner[part] as Record<string, unknown>;
    }
    inner[last] = text;
  }
  return root;
}

/** What is read, to be compared: patterns are functions. */
function meaning(document: PolicyDocument): string {
  return JSON.stringify(readPolicy(document, "strict").policy);
}

describe("a policy document as people send it", () => {
  it("may be nested, flat, or both, with fields in any order", () => {
    const expected = {
      "balance.algorithm": "random",
      "balance.choices": "3",
      "balance.same-node": "true",
      "route.canary.headers": "x-canary=yes,!x-bot",
      "timeouts.request": "2s",
    };
    const nested = {
      timeouts: { request: "2s" },
      route: { canary: { headers: ["x-canary=yes", "!x-bot"] } },
      balance: { "same-node": true, choices: 3, algorithm: "random" },
    };
    const mixed = {
      ...nested,
      balance: undefined,
      ...{ "balance.same-node": "true", "balance.choices": "3", "balance.algorithm": "random" },
    };
    for (const json of [nested, expected, JSON.parse(JSON.stringify(mixed))]) {
      const document = accepted(json);
      assert.deepEqual(document, expected);
      assert.deepEqual(Object.keys(document), Object.keys(expected));
    }
  });

  it("says the same nested and flat", () => {
    fc.assert(
      fc.property(GOOD_DOCUMENTS, (document) => {
        assert.deepEqual(accepted(nest(document)), accepted(document));
      }),
    );
  });

  it("stays as it is when it is validated again, and when it is resolved", () => {
    fc.assert(
      fc.property(GOOD_DOCUMENTS, (json) => {
        const document = accepted(json);
        assert.deepEqual(accepted(document), document);
        const resolved = resolvePolicy([{ source: "policy", document }]).document;
        assert.deepEqual(accepted(resolved), resolved);
        assert.equal(meaning(resolved), meaning(document));
      }),
    );
  });

  it("keeps commas within the entries of an array", () => {
    const document = accepted({ route: { a: { "request-set": ["x-a=1,2", "x-b=3"] } } });
    const { policy } = readPolicy(document, "strict");
    assert.deepEqual(policy.routes[0]?.requestHeaders.set, [
      { name: "x-a", value: "1,2" },
      { name: "x-b", value: "3" },
    ]);
  });

  it("is refused with all that is wrong, by name", () => {
    const problems = refused({
      balance: { algorithm: "fastest", choice: 3 },
      timeouts: { request: -5, idle: "9000h" },
      split: "v1=90,v2=20",
      allow: null,
      route: { a: { path: "/a", "path-prefix": "/b" } },
      "jwt.issuer": "me",
    });
    assert.deepEqual(
      problems.map(({ field }) => field),
      [
        "allow",
        "balance.algorithm",
        "balance.choice",
        "jwt.issuer",
        "route.a.path-prefix",
        "split",
        "timeouts.idle",
        "timeouts.request",
      ],
    );
  });

  for (const [title, json, field, message] of [
    ["null", null, "*", "expected an object of fields, got null"],
    ["a text", "x", "*", "expected an object of fields, got a string"],
    ["an array", [], "*", "expected an object of fields, got an array of something else"],
    [
      "null in a field",
      { allow: null },
      "allow",
      "expected a text, a number, true or false, or an array of these, got null",
    ],
    [
      "arrays within arrays",
      { allow: [["web"]] },
      "allow",
      "expected a text, a number, true or false, or an array of these, got an array of something else",
    ],
    [
      "an entry that ends with a backslash",
      { allow: ["web\\", "api"] },
      "allow",
      "expected a text, a number, true or false, or an array of these, got an array of something else",
    ],
    [
      "a field said twice",
      { allow: "web", "": {}, "jwt.claims": "a", jwt: { claims: "b" } },
      "jwt.claims",
      "expected each field once, got it nested and by its dotted name",
    ],
    [
      "names of objects",
      JSON.parse('{"__proto__": {"allow": "*"}}'),
      "__proto__.allow",
      "expected a field of policies: see docs/labels.md",
    ],
    [
      "an empty name",
      { "": { allow: "web" } },
      ".allow",
      "expected a field of policies: did you mean allow?",
    ],
    [
      "objects within a field",
      { allow: { web: true } },
      "allow.web",
      "expected a field of policies: see docs/labels.md",
    ],
    [
      "names that are no text for a terminal",
      { "\u001b[2J": 1 },
      "\\u{1b}[2J",
      "expected a field of policies: see docs/labels.md",
    ],
  ] as const) {
    it(`is refused for ${title}`, () => {
      assert.deepEqual(refused(json), [{ field, message }]);
    });
  }

  it("is refused when it is a thousand objects deep, or a hundred thousand fields wide", () => {
    let deep: unknown = "x";
    for (let depth = 0; depth < 1_000; depth += 1) deep = { a: deep };
    assert.match(refused(deep)[0]?.message ?? "", /at most 8 objects/);
    const wide = Array.from({ length: 100_000 }, (_, index) => [`route.r${index}.delay`, "0s"]);
    const problems = refused(Object.fromEntries(wide));
    assert.deepEqual(
      problems.map(({ field }) => field).filter((field) => field === "*"),
      ["*"],
    );
    assert.ok(problems.length < 5_000);
  });

  it("names every unknown field of thousands, and what was meant by the first few alone", () => {
    const names = Array.from({ length: 1_000 }, (_, number) => `retries.attempts${number}`);
    const problems = refused(Object.fromEntries(names.map((name) => [name, "1"])));
    assert.ok(names.every((name) => problems.some(({ field }) => field === name)));
    const suggestions = problems.filter(({ message }) => message.includes("did you mean"));
    assert.equal(suggestions.length, 32);
  });

  it("may lean on what weaker sources say", () => {
    const beneath = { "jwt.issuer": "me", "route.a.path": "/a" };
    assert.deepEqual(accepted({ "jwt.jwks": "file:///keys" }, { "jwt.issuer": "me" }), {
      "jwt.jwks": "file:///keys",
    });
    assert.deepEqual(accepted({ "route.a.rewrite": "/b" }, { "route.a.path": "/a" }), {
      "route.a.rewrite": "/b",
    });
    assert.deepEqual(
      refused({ "route.a.path-prefix": "/b" }, beneath).map(({ field }) => field),
      ["route.a.path-prefix"],
    );
  });

  it("is not blamed for what contradicted itself before", () => {
    assert.deepEqual(accepted({ allow: "web" }, { "jwt.issuer": "me" }), { allow: "web" });
  });

  it("never makes validation throw", () => {
    fc.assert(
      fc.property(fc.anything({ maxDepth: 4 }), (json) => {
        const { document, problems } = validateDocument(json);
        assert.equal(document === undefined, problems !== undefined);
      }),
    );
  });
});
