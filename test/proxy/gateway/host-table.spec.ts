import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { HostTable } from "../../../proxy/gateway/host-table.ts";

const TABLE = new HostTable<string>();
for (const [host, path] of [
  ["shop.example", "/"],
  ["shop.example", "/api"],
  ["shop.example", "/api/v2"],
  ["*.shop.example", "/"],
  ["deep.shop.example", "/only"],
  ["whole.example", "/"],
] as const)
  TABLE.add(host, path, `${host} ${path}`);

const CASES: readonly (readonly [authority: string, target: string, found: string | undefined])[] =
  [
    ["shop.example", "/", "shop.example /"],
    ["SHOP.Example:8080", "/?q=/api", "shop.example /"],
    ["shop.example.", "/", "shop.example /"],
    ["shop.example..", "/", undefined],
    ["shop.example", "/apis", "shop.example /"],
    ["shop.example", "/api", "shop.example /api"],
    ["shop.example", "/api/", "shop.example /api"],
    ["shop.example", "/api/v2/x?y", "shop.example /api/v2"],
    ["shop.example", "/API", "shop.example /"],
    ["a.shop.example", "/x", "*.shop.example /"],
    ["a.b.shop.example", "/", undefined],
    [".shop.example", "/", undefined],
    ["*.shop.example", "/", undefined],
    ["a%2eb.shop.example", "/", undefined],
    // The exact host does not borrow from the wider one.
    ["deep.shop.example", "/other", undefined],
    ["deep.shop.example", "/only/x", "deep.shop.example /only"],
    ["other.example", "/", undefined],
    ["example", "/", undefined],
    ["", "/", undefined],
    ["192.0.2.1:80", "/", undefined],
    ["[::1]:80", "/", undefined],
    // Where one path has all there is nothing to judge.
    ["whole.example", "/a%2fb;c", "whole.example /"],
    ["whole.example", "*", "whole.example /"],
    ["shop.example", "/api%2fv2", undefined],
    ["shop.example", "/x/..;/api", undefined],
    ["shop.example", "/../api", undefined],
    ["shop.example", "*", undefined],
  ];

describe("hosts of a gateway", () => {
  for (const [authority, target, found] of CASES)
    it(`${authority || "nobody"} ${target} is ${found ?? "nobody's"}`, () =>
      assert.equal(TABLE.find(authority, target)?.value, found));

  it("give the path in the form in which it was judged, where that is another", () => {
    const judged = (target: string): string | undefined =>
      TABLE.find("shop.example", target)?.judgedPath;
    assert.equal(judged("/%61pi/x?q"), "/api/x");
    assert.equal(judged("/x/../api"), "/api");
    assert.equal(judged("/api/x?q=%61"), undefined);
  });

  it("give the host as it was matched", () => {
    assert.equal(TABLE.find("A.SHOP.example:99", "/")?.host, "a.shop.example");
  });
});
