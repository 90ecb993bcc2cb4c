// The rules, on histories made up to keep and to break each of them.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Observations } from "./observations.ts";
import { violations } from "./rules.ts";

const LIMITS = { told: 1_000, doubted: 15_000 };

const at = (moment: number, index: number, ...offered: string[]): Observations["catalog"][0] => ({
  ...{ at: moment, index, offered, doubted: [] },
});
const gone = (moment: number): Observations["catalog"][0] => ({ at: moment, broken: true });
const away = (moment: number): Observations["snapshots"][0] => ({ at: moment, broken: true });
const has = (moment: number, ...endpoints: string[]): Observations["snapshots"][0] => ({
  ...{ at: moment, caller: "web", endpoints },
});
const use = (moment: number, endpoint: string): Observations["uses"][0] => ({
  at: moment,
  endpoint,
});

/** The catalog has lost its agent on b's node from 5 s to 20 s. */
const NODE_LOST = [
  at(0, 1, "a", "b"),
  { ...at(5_000, 2, "a"), doubted: ["b"] },
  at(20_000, 3, "a", "b"),
];

const NONE: Observations = { catalog: [], snapshots: [], uses: [] };
/** b is offered, and withdrawn at 10 s. */
const WITHDRAWN = [at(0, 1, "a"), at(1_000, 2, "a", "b"), at(10_000, 3, "a"), at(60_000, 4, "a")];
/** The catalog is away from 5 s to 20 s; then b is no longer there. */
const LOST = [at(0, 1, "a", "b"), gone(5_000), at(20_000, 2, "a"), at(60_000, 3, "a")];

const CASES: readonly (readonly [string, Partial<Observations>, readonly string[]])[] = [
  ["nothing", {}, []],
  [
    "an endpoint that is used while it is offered, and shortly after",
    { catalog: WITHDRAWN, uses: [use(5_000, "b"), use(10_900, "b")] },
    [],
  ],
  [
    "an endpoint that is used long after",
    { catalog: WITHDRAWN, uses: [use(11_500, "b")] },
    ["b got a request 1500 ms after it was withdrawn"],
  ],
  [
    "an endpoint that is used shortly before the catalog is seen to offer it",
    { catalog: WITHDRAWN, uses: [use(900, "b")] },
    [],
  ],
  [
    "a snapshot that still holds what was withdrawn",
    { catalog: WITHDRAWN, snapshots: [has(9_000, "a", "b"), has(12_000, "a", "b")] },
    ["web still had b 2000 ms after it was withdrawn"],
  ],
  [
    "a snapshot that does not hold what is offered, only shortly after, or shortly before it is withdrawn",
    { catalog: WITHDRAWN, snapshots: [has(1_500, "a"), has(9_500, "a")] },
    [],
  ],
  [
    "an endpoint that is used after it was withdrawn while the callers' agent was away, and shortly after that",
    {
      catalog: WITHDRAWN,
      snapshots: [has(9_000, "a", "b"), away(9_500), has(20_000, "a", "b"), has(20_500, "a")],
      uses: [use(15_000, "b"), use(20_900, "b")],
    },
    [],
  ],
  [
    "an endpoint that is used long after the callers' agent has come back",
    {
      catalog: WITHDRAWN,
      snapshots: [has(9_000, "a", "b"), away(9_500), has(20_000, "a", "b")],
      uses: [use(21_500, "b")],
    },
    ["b got a request 11500 ms after it was withdrawn"],
  ],
  [
    "a snapshot that holds, and one that does not hold, what the catalog itself doubts",
    { catalog: NODE_LOST, snapshots: [has(10_000, "a", "b"), has(15_000, "a")] },
    [],
  ],
  [
    "a snapshot that does not hold what is offered",
    { catalog: WITHDRAWN, snapshots: [has(5_000, "a")] },
    ["web did not have b 4000 ms after it was offered"],
  ],
  [
    "a catalog that counts backwards",
    { catalog: [at(0, 7, "a"), at(1_000, 5, "a")] },
    ["the catalog went back from version 7 to 5"],
  ],
  [
    "a caller that goes back to an endpoint which it had let go",
    {
      catalog: [at(0, 1, "a", "b"), at(8_000, 2, "a"), at(60_000, 3, "a")],
      snapshots: [has(7_000, "a", "b"), has(8_100, "a"), has(8_500, "a", "b")],
    },
    ["web went back to b, which it had let go"],
  ],
  [
    "an endpoint that is offered again",
    {
      catalog: [at(0, 1, "a", "b"), at(8_000, 2, "a"), at(20_000, 3, "a", "b")],
      snapshots: [has(7_000, "a", "b"), has(9_000, "a"), has(20_100, "a", "b")],
    },
    [],
  ],
  [
    "an endpoint that is found well again while the catalog has lost its own agent on the node",
    {
      catalog: [
        ...NODE_LOST.slice(0, 2),
        at(8_000, 3, "a"),
        { ...at(9_000, 4, "a"), doubted: ["b"] },
      ],
      snapshots: [has(7_000, "a", "b"), has(8_100, "a"), has(9_100, "a", "b")],
    },
    [],
  ],
  [
    "a caller that goes back to what the catalog goes on doubting",
    {
      catalog: [...NODE_LOST.slice(0, 2), at(60_000, 3, "a")],
      snapshots: [has(15_000, "a", "b"), has(16_000, "a"), has(20_000, "a", "b")],
    },
    ["web went back to b, which it had let go"],
  ],
  [
    "an endpoint that is used while the catalog is away, and while its losses are doubted",
    { catalog: LOST, uses: [use(15_000, "b"), use(30_000, "b")] },
    [],
  ],
  [
    "an endpoint that is used when its loss should have been believed",
    { catalog: LOST, uses: [use(37_000, "b")] },
    ["b got a request 17000 ms after it was withdrawn"],
  ],
];

describe("the model of what callers may do", () => {
  for (const [title, seen, expected] of CASES) {
    it(`${expected.length === 0 ? "accepts" : "refuses"} ${title}`, () => {
      assert.deepEqual(violations({ ...NONE, ...seen }, LIMITS), expected);
    });
  }
});
