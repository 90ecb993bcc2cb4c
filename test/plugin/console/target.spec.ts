import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { pathOf } from "../../../plugin/console/target.ts";

describe("the path of a request to the console", () => {
  for (const [target, path] of [
    ["/", "/"],
    ["/ui/", "/ui/"],
    ["/a/b-c_d.e~f/*", "/a/b-c_d.e~f/*"],
    ["/a?b=/../c//d%2f", "/a"],
    ["/a%20b/%C3%A9", "/a%20b/%C3%A9"],
    ["/a/.b/c..d/...", "/a/.b/c..d/..."],
    ["", undefined],
    ["a", undefined],
    ["*", undefined],
    ["http://127.0.0.1/a", undefined],
    ["//a", undefined],
    ["/a//b", undefined],
    ["/a/./b", undefined],
    ["/a/../b", undefined],
    ["/a/..", undefined],
    ["/a%2Fb", undefined],
    ["/a%2fb", undefined],
    ["/%2e%2E/b", undefined],
    ["/a%5Cb", undefined],
    ["/a\\b", undefined],
    ["/a%00", undefined],
    ["/a%252e", undefined],
    ["/a%", undefined],
    ["/a%f", undefined],
    ["/a%ff", undefined],
    ["/a#b", undefined],
    ["/a?b#c", undefined],
    ["/a b", undefined],
    ["/a;b", undefined],
    ["/é", undefined],
    ["/a\u0000", undefined],
  ] as const) {
    it(`of ${JSON.stringify(target)} is ${path ?? "none"}`, () =>
      assert.equal(pathOf(target), path));
  }
});
