import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  introductionOf,
  makeToken,
  readIntroduction,
  tokenDigest,
} from "../../proxy/configuration/introduction.ts";

describe("the introduction of a sidecar that no agent has made", () => {
  const token = makeToken();

  it("is read from what its container has printed, between other lines", () => {
    const printed = `{"level":"info"}\n${introductionOf(token)}{"level":"warn"}\n`;
    assert.equal(readIntroduction(printed), tokenDigest(token));
  });

  it("is the newest where there are several", () => {
    assert.equal(
      readIntroduction(introductionOf(makeToken()) + introductionOf(token)),
      tokenDigest(token),
    );
  });

  it("does not tell the token", () => {
    assert.equal(introductionOf(token).includes(token), false);
    assert.notEqual(makeToken(), token);
  });

  for (const [what, printed] of [
    ["nothing", ""],
    ["a line that quotes one", `{"path":${JSON.stringify(introductionOf(token))}}\n`],
    ["a line that begins like one", `${introductionOf(token).trimEnd()} and more\n`],
    ["a line that ends like one", `x${introductionOf(token)}`],
    ["a digest that is none", '{"introduction":"docker-mesh sidecar","tokenSha256":"abc"}\n'],
  ] as const) {
    it(`is not ${what}`, () => assert.equal(readIntroduction(printed), ""));
  }
});
