// The decision where a body ends, over all combinations of facts.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  CODING,
  type FramingFacts,
  requestFraming,
  responseFraming,
} from "../../../proxy/http1/framing.ts";
import { FRAMING, METHOD } from "../../../proxy/http1/message-head.ts";

function allFacts(): readonly FramingFacts[] {
  const all: FramingFacts[] = [];
  for (const minor of [0, 1])
    for (const lengthFields of [0, 1, 2])
      for (const length of [-1, 0, 5])
        for (const codingFields of [0, 1, 2])
          for (const coding of Object.values(CODING))
            all.push({ minor, lengthFields, length, codingFields, coding });
  return all;
}

/** Facts that leave no doubt. */
function isClear(facts: FramingFacts): boolean {
  const { minor, lengthFields, length, codingFields, coding } = facts;
  if (codingFields === 0) return lengthFields === 0 || (lengthFields === 1 && length >= 0);
  return codingFields === 1 && lengthFields === 0 && minor === 1 && coding === CODING.CHUNKED;
}

describe("the framing of a message", () => {
  it("of a request is refused exactly when there is any doubt", () => {
    for (const facts of allFacts()) {
      const kind = isClear(facts) ? "number" : "object";
      assert.equal(typeof requestFraming(facts), kind, JSON.stringify(facts));
    }
  });

  const answers = [101, 200, 204, 304].flatMap((status) =>
    [METHOD.GET, METHOD.HEAD].map((method) => ({ status, method })),
  );
  for (const { status, method } of answers) {
    const asked = method === METHOD.HEAD ? "HEAD" : "GET";
    it(`of ${status} to ${asked} is refused exactly when there is any doubt`, () => {
      for (const facts of allFacts()) {
        const kind = isClear(facts) ? "number" : "object";
        assert.equal(typeof responseFraming(facts, status, method), kind, JSON.stringify(facts));
      }
    });
  }

  it("is chunked only when Transfer-Encoding says so, and a length only when there is one", () => {
    for (const facts of allFacts().filter(isClear)) {
      const { codingFields, lengthFields, length } = facts;
      const announced = lengthFields === 1 && length > 0 ? FRAMING.LENGTH : FRAMING.NONE;
      assert.equal(requestFraming(facts), codingFields === 1 ? FRAMING.CHUNKED : announced);
      const open = lengthFields === 0 ? FRAMING.UNTIL_CLOSE : announced;
      const expected = codingFields === 1 ? FRAMING.CHUNKED : open;
      assert.equal(responseFraming(facts, 200, METHOD.GET), expected);
    }
  });

  it("of an unknown coding is a matter of 501, everything else of 400", () => {
    for (const facts of allFacts()) {
      const result = requestFraming(facts);
      if (typeof result !== "object") continue;
      const { minor, lengthFields, codingFields, coding } = facts;
      const unknown =
        codingFields === 1 && lengthFields === 0 && minor === 1 && coding === CODING.UNKNOWN;
      assert.equal(result.status, unknown ? 501 : 400, JSON.stringify(facts));
    }
  });
});
