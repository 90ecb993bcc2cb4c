import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { Intention } from "../../../mesh/policy/intention.ts";
import { compileMatcher } from "../../../mesh/policy/matcher.ts";
import type { FieldMatch, RequestMatch } from "../../../mesh/policy/policy.ts";
import { readMatch } from "../../../mesh/policy/read-match.ts";
import { matchDocument, ownIntentions } from "../../../plugin/policy/own-intentions.ts";

const ANY: RequestMatch = { path: undefined, methods: [], headers: [], query: [] };

/** Matchers are compared by their expressions. */
function plain(match: unknown): unknown {
  return JSON.parse(JSON.stringify(match, (_, value: unknown) => value ?? null));
}

const field: fc.Arbitrary<FieldMatch> = fc
  .record({
    name: fc.constantFrom("x-a", "x-b", "x-c", "x-d"),
    kind: fc.constantFrom("present", "absent", "exact", "not", "prefix", "suffix"),
    text: fc.constantFrom("a", "a,b", "a=b", "\\", "a\\,b", "!", "^$~", "\\\\"),
  })
  .map(({ name, kind, text }) => ({
    ...{ name, kind, matcher: undefined },
    text: kind === "present" || kind === "absent" ? "" : text,
  }));

describe("intentions for sidecars", () => {
  it("are those of the service, most exact first, their conditions in the words of policies", () => {
    const path = compileMatcher("/a{1,2}");
    const matcher = compileMatcher("[a-z],[0-9]");
    assert.ok(path !== undefined && matcher !== undefined);
    const match: RequestMatch = {
      ...{ path: { kind: "regex", matcher: path }, methods: ["GET", "PUT"], query: [] },
      headers: [{ name: "x-a", kind: "regex", text: "", matcher }],
    };
    const intentions: readonly Intention[] = [
      { source: "*", destination: "shop-orders", action: "deny", permissions: [] },
      { source: "shop-web", destination: "shop-other", action: "deny", permissions: [] },
      {
        ...{ source: "shop-web", destination: "shop-orders", action: undefined },
        permissions: [{ action: "allow", match }],
      },
    ];
    const view = { defaultAction: "deny", intentions, problems: [] } as const;
    const document = {
      ...{ "path-regex": "/a{1,2}", methods: "GET,PUT", headers: "x-a=~[a-z]\\,[0-9]" },
    };
    assert.deepEqual(ownIntentions(view, "shop-orders"), {
      defaultAction: "deny",
      list: [
        {
          ...{ source: "shop-web", action: undefined },
          permissions: [{ action: "allow", match: document }],
        },
        { source: "*", action: "deny", permissions: [] },
      ],
    });
    assert.deepEqual(plain(readMatch(document)), plain(match));
  });

  for (const path of [
    { kind: "exact", text: "/a" },
    { kind: "prefix", text: "/a/" },
  ] as const) {
    it(`say ${path.kind} paths as policies do`, () => {
      assert.deepEqual(readMatch(matchDocument({ ...ANY, path })), { ...ANY, path });
    });
  }

  it("read as they were meant, whatever stands in a condition", () => {
    fc.assert(
      fc.property(fc.uniqueArray(field, { maxLength: 3, selector: ({ name }) => name }), (all) => {
        const unsayable = all.filter(({ text }) => text.endsWith("\\")).length > 1;
        fc.pre(!unsayable);
        const read = readMatch(matchDocument({ ...ANY, headers: all }));
        assert.ok("headers" in read, JSON.stringify(read));
        const sorted = (list: readonly FieldMatch[]): unknown =>
          list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
        assert.deepEqual(sorted(read.headers), sorted(all));
      }),
      { seed: 4 },
    );
  });
});
