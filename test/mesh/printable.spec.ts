import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { escapeControls, quote, shorten } from "../../mesh/printable.ts";

describe("printable text", () => {
  it("shows look-alike letters and control characters by their code points", () => {
    assert.equal(quote("\u04bbttp\u0000\n"), '"\\u{4bb}ttp\\u{0}\\n"');
  });

  it("escapes quotation marks inside quotation marks", () => {
    assert.equal(quote('a"b\\'), '"a\\"b\\\\"');
  });

  it("cuts after 64 characters and tells the full length", () => {
    assert.equal(quote("x".repeat(64)), `"${"x".repeat(64)}"`);
    assert.equal(quote("x".repeat(65)), `"${"x".repeat(64)}…" (65 characters)`);
    assert.equal(shorten("😀".repeat(65)), `${"\\u{1f600}".repeat(64)}…`);
  });

  it("leaves letters of any script alone when only controls are escaped", () => {
    assert.equal(escapeControls("größe\u001b[2J\u202e"), "größe\\u{1b}[2J\\u{202e}");
  });
});
