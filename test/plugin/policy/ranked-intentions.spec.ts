import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Intention, IntentionsView } from "../../../mesh/policy/intention.ts";
import { MOST_INTENTIONS, rankIntentions } from "../../../plugin/policy/ranked-intentions.ts";

function intention(source: string, destination: string): Intention {
  return { source, destination, action: "allow", permissions: [] };
}

function ranked(intentions: readonly Intention[]): readonly string[] {
  const view: IntentionsView = { defaultAction: "deny", intentions, problems: [] };
  return rankIntentions(view).intentions.map(
    ({ source, destination, action, precedence }) =>
      `${source} → ${destination}: ${action} ${precedence}`,
  );
}

describe("intentions as they are listed", () => {
  it("come in the order of their precedence, and end with what holds for all others", () => {
    const given = [
      intention("*", "web"),
      intention("web", "*"),
      intention("web", "orders"),
      intention("api", "orders"),
    ];
    assert.deepEqual(ranked(given), [
      "api → orders: allow 9",
      "web → orders: allow 9",
      "* → web: allow 8",
      "web → *: allow 6",
      "* → *: deny 0",
    ]);
  });

  it("have no other end where an intention speaks of everybody", () => {
    assert.deepEqual(ranked([intention("*", "*")]), ["* → *: allow 5"]);
  });

  it("tell what permissions allow in the words of policies", () => {
    const match = {
      path: { kind: "prefix", text: "/a" },
      methods: ["GET"],
      headers: [],
      query: [],
    } as const;
    const given: Intention = {
      ...{ source: "web", destination: "orders", action: undefined },
      permissions: [{ action: "allow", match }],
    };
    const { intentions } = rankIntentions({
      defaultAction: "allow",
      intentions: [given],
      problems: [],
    });
    assert.deepEqual(intentions[0], {
      ...{ source: "web", destination: "orders", precedence: 9 },
      permissions: [{ action: "allow", match: { "path-prefix": "/a", methods: "GET" } }],
    });
  });

  it("are cut where there are too many, and say so", () => {
    const intentions = Array.from({ length: MOST_INTENTIONS + 2 }, (_, number) =>
      intention("web", `service-${number}`),
    );
    const answer = rankIntentions({ defaultAction: "allow", intentions, problems: ["one"] });
    assert.equal(answer.intentions.length, MOST_INTENTIONS);
    assert.deepEqual([answer.left, answer.problems], [3, ["one"]]);
  });
});
