import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { compileMatcher } from "../../../mesh/policy/matcher.ts";
import { patternCost } from "../../../mesh/policy/pattern-cost.ts";

describe("patterns", () => {
  for (const [pattern, taken, refused] of [
    ["/users/[0-9]+", ["/users/1", "/users/42"], ["/users/", "/users/1/", "x/users/1"]],
    ["/a|/b", ["/a", "/b"], ["/ab", "/a/b"]],
    ["^/a$", ["/a"], ["/a\n", "/ab"]],
    ["", [""], ["a"]],
    [".*", ["", "abc"], ["a\nb"]],
    ["[0-9a-f]{8}-[0-9a-f]{4}", ["0123abcd-00ff"], ["0123abcd-00f", "0123abcd00ff"]],
  ] as const) {
    it(`match whole texts: ${pattern}`, () => {
      const matcher = compileMatcher(pattern);
      assert.equal(matcher?.source, pattern);
      for (const text of taken) assert.equal(matcher?.test(text), true, text);
      for (const text of refused) assert.equal(matcher?.test(text), false, text);
    });
  }

  // Each of these takes longer than a day with an engine that tries one way after the other.
  for (const pattern of [
    "(a+)+$",
    "(a*)*b",
    "(a|a)*$",
    "(a|aa)+$",
    "(.*)*x",
    "([a-zA-Z]+)*$",
    "(x+x+)+y|(a+a+)+b",
    "(((a+)+)+)+$",
    ".*.*.*.*.*.*.*.*.*.*b",
  ]) {
    it(`that explode elsewhere are done with 50,000 characters: ${pattern}`, () => {
      assert.equal(compileMatcher(pattern)?.test(`${"a".repeat(50_000)}!`), false);
    });
  }

  for (const [title, pattern] of [
    ["back references", "(a)\\1"],
    ["named back references", "(?<n>a)\\k<n>"],
    ["look-ahead", "(?=a)b"],
    ["negative look-ahead", "a(?!b)"],
    ["large repetitions", "a{1000}"],
    ["repetitions of repetitions", "((a{9}){9}){9}"],
    ["repetitions of many choices", "(?:.*.*.*){12}"],
    ["many choices", ".*".repeat(33)],
    ["many nested choices", `${"(".repeat(33)}a${")*".repeat(33)}`],
    ["many atoms", "(?:abcdefghijklmnopqrstuvwxyz0123456789){16}"],
    ["more than 256 characters", "a".repeat(257)],
    ["unbalanced groups", "a)(b"],
    ["an open group", "("],
    ["nothing to repeat", "*"],
    ["an open class", "[a"],
  ] as const) {
    it(`are refused for ${title}`, () => {
      assert.equal(compileMatcher(pattern), undefined);
    });
  }

  for (const [pattern, atoms, choices] of [
    ["abc", 3, 0],
    ["a*", 1, 1],
    ["a*?b+?c??", 3, 3],
    ["a{3}", 3, 0],
    ["a{0}", 1, 0],
    ["[a-z]{2,5}", 5, 3],
    ["a{2,}", 2, 1],
    ["(ab){2}", 6, 0],
    ["(a*b?){4}", 12, 8],
    ["((a{2}){2}){2}", 14, 0],
    ["(?:a|b)*", 3, 2],
    ["(?<name>ab){3}", 9, 0],
    ["[)(*+]\\)\\*", 3, 0],
    ["[\\]*]*", 1, 1],
    ["\\p{L}+", 1, 1],
  ] as const) {
    it(`cost what is left when repetitions are written out: ${pattern}`, () => {
      assert.deepEqual(patternCost(pattern), { atoms, choices });
    });
  }
});
