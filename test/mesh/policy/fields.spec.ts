import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ALL_FIELDS, describeUnknown, findField } from "../../../mesh/policy/fields.ts";
import { readPolicy } from "../../../mesh/policy/read-policy.ts";
import { FIELD_CASES } from "./field-cases.ts";

/** What is wrong with one value, what other fields it needs aside. */
function complaints(field: string, text: string): readonly string[] {
  const { problems } = readPolicy({ [field]: text }, "strict");
  return problems.filter(({ conflict }) => conflict !== true).map((problem) => problem.field);
}

describe("fields of policies", () => {
  it("all have cases here", () => {
    assert.deepEqual(ALL_FIELDS.map(({ name }) => name).sort(), Object.keys(FIELD_CASES).sort());
  });

  for (const { name, example, fallback } of ALL_FIELDS) {
    const field = name.replace("<name>", "canary");
    const { good = [], bad = [] } = FIELD_CASES[name] ?? {};

    it(`${name} takes what it should`, () => {
      for (const text of [...good, example, fallback]) {
        assert.deepEqual(complaints(field, text), [], `${field}: ${text}`);
      }
    });

    it(`${name} refuses all else by its name`, () => {
      for (const text of [...bad, "a\nb", "/a\r\nx: y", "\0", "a".repeat(2_000)]) {
        assert.deepEqual(complaints(field, text), [field], `${field}: ${text}`);
      }
    });
  }

  it("say what they expected and what they got", () => {
    for (const [field, text, message] of [
      ["balance.choices", "1", 'expected a whole number from 2 to 10, got "1"'],
      ["failover", "a, B", 'expected names of services separated by commas, got "B" among them'],
      ["split", "v1=90,v2=20", "expected shares that add up to 100, got 110"],
      ["allow", "web,web", 'expected each once, got "web" twice'],
      ["failover", "a,b,c,d,e,f,g,h,i", "expected at most 8 entries, got 9"],
      [
        "route.a.path",
        "/a/../b",
        'expected a path without empty segments, segments of dots, and separators or escapes in escapes, got "/.." in "/a/../b"',
      ],
    ] as const) {
      const { problems } = readPolicy({ [field]: text }, "strict");
      assert.deepEqual(problems, [{ field, message }]);
    }
  });

  for (const [name, meant] of [
    ["balance.algoritm", "balance.algorithm"],
    ["Balance.Algorithm", "balance.algorithm"],
    ["retrys.attempts", "retries.attempts"],
    ["outlier.consecutive5xx", "outlier.consecutive-5xx"],
    ["route.canary.pth", "route.canary.path"],
    ["rule.admin.caller", "rule.admin.callers"],
    ["alow", "allow"],
    ["mesh.audit", "audit"],
    ["mesh.route.canary.path", "route.canary.path"],
  ] as const) {
    it(`suggest ${meant} for ${name}`, () => {
      assert.equal(findField(name), undefined);
      assert.equal(describeUnknown(name), `expected a field of policies: did you mean ${meant}?`);
    });
  }

  it("want plain names for routes and rules", () => {
    const expected =
      "expected a name of lower-case letters, digits and hyphens for the route or rule";
    for (const name of [
      "route.Canary.path",
      "route..path",
      "rule.a_b.action",
      "route.<name>.path",
    ]) {
      assert.equal(findField(name), undefined, name);
      assert.equal(describeUnknown(name), expected, name);
    }
  });

  it("are not what objects have anyway", () => {
    for (const name of ["constructor", "__proto__", "toString", "route.constructor.toString", ""]) {
      assert.equal(findField(name), undefined, name);
    }
    assert.equal(findField("route.constructor.path")?.name, "route.<name>.path");
  });
});
