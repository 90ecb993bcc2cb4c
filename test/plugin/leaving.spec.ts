import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Leaving, type Remainder, remainder } from "../../plugin/leaving.ts";

const GONE: Leaving = {
  ...{ isListed: true, sidecars: [], running: [] },
  ...{ intercepted: new Map(), steps: 0 },
};
const RUNNING = [{ id: "a", startedAt: "2026-03-01T10:00:00Z" }];

describe("applications that are to go on without the mesh", () => {
  const CASES: readonly (readonly [string, Partial<Leaving>, Remainder])[] = [
    ["do so when nothing is left", {}, { attached: 0, due: 0 }],
    ["do not before anybody has looked", { isListed: false }, { attached: 1, due: 0 }],
    ["do not while they have a sidecar", { sidecars: [{ id: "s" }] }, { attached: 1, due: 0 }],
    ["do so while the catalog is still to be told", { steps: 2 }, { attached: 0, due: 2 }],
    [
      "do not while their ports lead to a sidecar",
      { running: RUNNING, intercepted: new Map([["a", "2026-03-01T10:00:00Z#12"]]) },
      { attached: 1, due: 0 },
    ],
    [
      "are not concerned by a redirection of an earlier start",
      { running: RUNNING, intercepted: new Map([["a", "2026-02-01T10:00:00Z#12"]]) },
      { attached: 0, due: 0 },
    ],
  ];
  for (const [title, part, left] of CASES) {
    it(title, () => assert.deepEqual(remainder({ ...GONE, ...part }), left));
  }
});
