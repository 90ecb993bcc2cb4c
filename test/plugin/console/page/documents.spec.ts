// Policies while they are edited in the console.
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  diffFields,
  type Fields,
  mergeFields,
  repeatedFields,
  toFields,
  toLines,
} from "../../../../plugin/console/page/model/documents.ts";

const FIELDS: fc.Arbitrary<Fields> = fc.dictionary(
  fc.constantFrom("a", "b", "c", "d"),
  fc.constantFrom("", "1", "2"),
  { noNullPrototype: true },
);

describe("the difference of two policies", () => {
  const cases: readonly (readonly [string, Fields, Fields, object[]])[] = [
    ["nothing", { a: "1", b: "2" }, { b: "2", a: "1" }, []],
    ["a new field", {}, { a: "1" }, [{ field: "a", before: undefined, after: "1" }]],
    ["a field that is gone", { a: "1" }, {}, [{ field: "a", before: "1", after: undefined }]],
    ["another value", { a: "1" }, { a: "2" }, [{ field: "a", before: "1", after: "2" }]],
    ["an empty value", {}, { a: "" }, [{ field: "a", before: undefined, after: "" }]],
    [
      "a field named like a method",
      {},
      { constructor: "x" },
      [{ field: "constructor", before: undefined, after: "x" }],
    ],
  ];
  for (const [what, before, after, changes] of cases)
    it(`is ${what}`, () => assert.deepEqual(diffFields(before, after), changes));
});

describe("two people's changes of one policy", () => {
  it("come together where they are about different fields", () => {
    const merged = mergeFields({ a: "1", b: "1" }, { a: "2", b: "1" }, { a: "1", c: "3" });
    assert.deepEqual(merged, { document: { a: "2", c: "3" }, clashes: [] });
  });

  it("clash where both changed one field differently: mine is taken, and it is said", () => {
    const merged = mergeFields({ a: "1" }, { a: "2" }, { a: "3" });
    assert.deepEqual(merged, { document: { a: "3" }, clashes: ["a"] });
    assert.deepEqual(mergeFields({ a: "1" }, { a: "2" }, {}), { document: {}, clashes: ["a"] });
  });

  it("do not clash where both did the same", () => {
    assert.deepEqual(mergeFields({ a: "1" }, { a: "2" }, { a: "2" }).clashes, []);
  });

  it("leave theirs where I changed nothing, and mine where they changed nothing", () => {
    fc.assert(
      fc.property(FIELDS, FIELDS, (base, other) => {
        assert.deepEqual(mergeFields(base, other, base).document, other);
        assert.deepEqual(mergeFields(base, base, other).document, other);
      }),
    );
  });
});

describe("the lines of the editor", () => {
  it("are a document and back again", () => {
    fc.assert(fc.property(FIELDS, (fields) => assert.deepEqual(toFields(toLines(fields)), fields)));
  });

  it("leave out what has no name yet, and blanks around names", () => {
    const lines = [
      { field: " a ", value: " 1 " },
      { field: " ", value: "2" },
    ];
    assert.deepEqual(toFields(lines), { a: " 1 " });
  });

  it("say which names stand twice", () => {
    const lines = ["a", "b", " a", "", ""].map((field) => ({ field, value: "" }));
    assert.deepEqual(repeatedFields(lines), ["a"]);
  });
});
