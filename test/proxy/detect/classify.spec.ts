import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { classify, classifyPreface } from "../../../proxy/detect/classify.ts";
import { HTTP1, HTTP2, PREFACE, TCP } from "./first-messages.ts";

const CASES = [
  ...HTTP1.map(([name, bytes]) => ({ expected: "http1", name, bytes })),
  ...HTTP2.map(([name, bytes]) => ({ expected: "http2", name, bytes })),
  ...TCP.map(([name, bytes]) => ({ expected: "tcp", name, bytes })),
] as const;

describe("the first bytes of a connection", () => {
  for (const { expected, name, bytes } of CASES) {
    it(`say ${expected}: ${name}`, () => assert.equal(classify(bytes), expected));
  }

  it("say nothing when there are none", () => {
    assert.equal(classify(Buffer.alloc(0)), "undecided");
    assert.equal(classifyPreface(Buffer.alloc(0)), "undecided");
  });

  it("never say one thing and, when more have come, another", () => {
    for (const { expected, name, bytes } of CASES) {
      let decided = false;
      for (let end = 0; end <= bytes.length; end += 1) {
        const verdict = classify(bytes.subarray(0, end));
        assert.ok(verdict === expected || (!decided && verdict === "undecided"), `${name}, ${end}`);
        decided = verdict !== "undecided";
      }
      assert.ok(decided, name);
    }
  });

  it("decide within a bounded number, whatever they are", () => {
    const likely = fc.constantFrom(...Buffer.from("GETPRI-* /HTTP12.0\r\n", "latin1"));
    const unlikely = fc.integer({ min: 0, max: 255 });
    const bytes = fc.array(fc.oneof(likely, unlikely), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(bytes, (start) => {
        const padded = Buffer.concat([Buffer.from(start), Buffer.alloc(8_192, "A")]);
        assert.notEqual(classify(padded), "undecided");
      }),
    );
  });
});

describe("the first bytes where only HTTP is expected", () => {
  it("say http2 by the whole preface alone", () => {
    assert.equal(classifyPreface(PREFACE), "http2");
    for (let end = 0; end < PREFACE.length; end += 1) {
      const start = PREFACE.subarray(0, end);
      assert.equal(classifyPreface(start), "undecided");
      assert.equal(classifyPreface(Buffer.concat([start, Buffer.from("!")])), "http1");
    }
  });

  it("say http1 for all else, good or bad", () => {
    for (const [name, bytes] of [...HTTP1, ...TCP]) {
      assert.equal(classifyPreface(bytes), "http1", name);
    }
  });
});
