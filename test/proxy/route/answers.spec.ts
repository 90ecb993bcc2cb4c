// Rewritten paths and redirects, which must not open ways that nobody meant.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { PathMatch } from "../../../mesh/policy/policy.ts";
import { redirectAnswer } from "../../../proxy/route/redirect.ts";
import { rewritePath } from "../../../proxy/route/rewrite.ts";

describe("a rewritten path", () => {
  const PREFIXES: readonly (readonly [
    path: string,
    prefix: string,
    rewrite: string,
    to: string,
  ])[] = [
    ["/api/x", "/api", "/v2", "/v2/x"],
    ["/api", "/api", "/v2", "/v2"],
    ["/api/", "/api", "/v2", "/v2/"],
    ["/apis", "/api", "/v2", "/v2s"],
    ["/api/x", "/api/", "/", "/x"],
    ["/api/", "/api/", "/", "/"],
    ["/api/x", "/api", "/", "/x"],
    ["/api", "/api", "/", "/"],
    ["/api/x", "/api/", "/v2/", "/v2/x"],
    ["/api/x", "/api", "/v2/", "/v2/x"],
    ["/api/x", "/api/", "/v2", "/v2/x"],
    ["/api/", "/api/", "/v2", "/v2"],
    ["/x", "/", "/v2", "/v2/x"],
    ["/", "/", "/v2/", "/v2/"],
    ["/api/api/x", "/api", "/v2", "/v2/api/x"],
  ];

  for (const [path, prefix, rewrite, to] of PREFIXES) {
    it(`is ${to} for ${path}, of which ${prefix} becomes ${rewrite}`, () => {
      const match: PathMatch = { kind: "prefix", text: prefix };
      assert.equal(rewritePath(path, match, rewrite), to);
      assert.doesNotMatch(to, /\/\//);
    });
  }

  it("is replaced as a whole where the whole path matched", () =>
    assert.equal(rewritePath("/a", { kind: "exact", text: "/a" }, "/b/c"), "/b/c"));
});

describe("a redirect", () => {
  const CASES: readonly (readonly [location: string, target: string, to: string])[] = [
    ["/new", "/old", "/new"],
    ["/new", "/old?a=1&b=%20", "/new?a=1&b=%20"],
    ["/new?own=1", "/old?a=1", "/new?own=1"],
    ["/new#part", "/old?a=1", "/new?a=1#part"],
    ["https://shop.example/new", "/old?a=1", "https://shop.example/new?a=1"],
    ["https://shop.example", "/old?", "https://shop.example?"],
    ["/new", "*", "/new"],
    // The path is never taken over: `//evil.example` would be another host.
    ["/new", "//evil.example/?x=//evil.example", "/new?x=//evil.example"],
  ];

  for (const [location, target, to] of CASES) {
    it(`of ${target} to ${location} leads to ${to}`, () => {
      const answer = redirectAnswer({ location, status: 302 }, target);
      assert.equal(answer.fields, `location: ${to}\r\n`);
      assert.deepEqual([answer.status, answer.code], [302, undefined]);
      assert.ok(answer.text.includes(to));
    });
  }
});
