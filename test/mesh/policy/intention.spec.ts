import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Intention, intentionsFor } from "../../../mesh/policy/intention.ts";

/** `web>orders allow` */
function parse(text: string): Intention {
  const [, source = "", destination = "", action] = /^(\S+)>(\S+) (\S+)$/.exec(text) ?? [];
  const decided = action === "allow" || action === "deny" ? action : undefined;
  return { source, destination, action: decided, permissions: [] };
}

const format = ({ source, destination, action }: Intention): string =>
  `${source}>${destination} ${action ?? "permissions"}`;

const CASES: readonly {
  readonly name: string;
  readonly given: readonly string[];
  readonly expected: readonly string[];
}[] = [
  { name: "nothing when there are none", given: [], expected: [] },
  {
    name: "nothing of other destinations",
    given: ["web>api deny", "orders>web deny", "*>orders-2 deny", "web>order deny"],
    expected: [],
  },
  {
    name: "an exact destination before any, and an exact source before any",
    given: ["*>* deny", "web>* allow", "*>orders deny", "web>orders allow"],
    expected: ["web>orders allow", "*>orders deny", "web>* allow", "*>* deny"],
  },
  {
    name: "the same whatever the order they come in",
    given: ["web>orders allow", "*>orders deny", "web>* allow", "*>* deny"],
    expected: ["web>orders allow", "*>orders deny", "web>* allow", "*>* deny"],
  },
  {
    name: "those that deny first among equals, then those with permissions",
    given: ["a>orders allow", "b>orders permissions", "c>orders deny", "d>orders allow"],
    expected: ["c>orders deny", "b>orders permissions", "a>orders allow", "d>orders allow"],
  },
  {
    name: "a deny after a more exact allow",
    given: ["*>orders deny", "web>orders allow"],
    expected: ["web>orders allow", "*>orders deny"],
  },
];

describe("the intentions for a destination", () => {
  for (const { name, given, expected } of CASES) {
    it(`are ${name}`, () => {
      const intentions = given.map(parse);
      const view = { defaultAction: "allow", intentions, problems: [] } as const;
      assert.deepEqual(intentionsFor(view, "orders").map(format), expected);
      assert.deepEqual(intentions.map(format), given, "what was given stays as it was");
    });
  }
});
