import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { fieldName } from "../../../proxy/http1/field-names.ts";
import { FIELD } from "../../../proxy/http1/message-head.ts";

function nameOf(text: string): number {
  const bytes = Buffer.from(`??${text}??`, "latin1");
  return fieldName(bytes, 2, bytes.length - 2);
}

const NO_NAMES = [FIELD.OTHER, FIELD.X_MESH, FIELD.X_B3, FIELD.LOOKALIKE, FIELD.DISBELIEVED];
const KNOWN = Object.entries(FIELD)
  .filter(([, field]) => !NO_NAMES.some((one) => one === field))
  .map(([key, field]) => ({ name: key.toLowerCase().replaceAll("_", "-"), field }));

describe("the names of fields", () => {
  for (const { name, field } of KNOWN) {
    it(`knows ${name} in any case, and no other name of almost the same letters`, () => {
      assert.equal(nameOf(name), field);
      assert.equal(nameOf(name.toUpperCase()), field);
      for (let index = 0; index < name.length; index += 1) {
        const other = name[index] === "q" ? "k" : "q";
        const replaced = name.slice(0, index) + other + name.slice(index + 1);
        assert.equal(nameOf(replaced), FIELD.OTHER, replaced);
        // `@` and the like differ from a letter by the bit that tells its case.
        const code = name.charCodeAt(index) ^ 0x40;
        const flipped = name.slice(0, index) + String.fromCharCode(code) + name.slice(index + 1);
        assert.equal(nameOf(flipped), FIELD.OTHER, flipped);
      }
      assert.notEqual(nameOf(name.slice(0, -1)), field);
      assert.notEqual(nameOf(`${name}s`), field);
      if (name.includes("-")) assert.equal(nameOf(name.replace("-", "_")), FIELD.LOOKALIKE);
    });
  }

  it("knows everything that begins with x-b3-", () => {
    for (const name of ["X-B3-TraceId", "x-b3-parentspanid", `x-b3-${"a".repeat(100)}`])
      assert.equal(nameOf(name), FIELD.X_B3, name);
    for (const name of ["x-b3", "x-b4-traceid", "x_b3_traceid", "ax-b3-traceid"])
      assert.equal(nameOf(name), FIELD.OTHER, name);
  });

  it("knows everything that begins with x-mesh-", () => {
    for (const name of ["x-mesh-", "X-Mesh-A", `x-mesh-${"a".repeat(100)}`])
      assert.equal(nameOf(name), FIELD.X_MESH, name);
    assert.equal(nameOf("x_mesh-a"), FIELD.LOOKALIKE);
    for (const name of ["x-mesh", "x-meshed", "y-mesh-a", "x-mesi-a", "ax-mesh-a"])
      assert.equal(nameOf(name), FIELD.OTHER, name);
  });

  it("does not take one byte for a name", () => {
    for (let byte = 33; byte < 256; byte += 1)
      assert.equal(nameOf(String.fromCharCode(byte)), FIELD.OTHER);
  });
});
