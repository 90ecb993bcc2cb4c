// What is written down of a catalog that goes away and comes back.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type CatalogAnswer, Recorder } from "./recorder.ts";

/** What the catalog says each time it is asked; undefined: nothing. After the last it says no more. */
async function recorded(
  indexes: readonly (number | undefined)[],
): Promise<readonly (number | "broken")[]> {
  const next = indexes.values();
  const silent = Promise.withResolvers<void>();
  const catalog = async (_: number, signal: AbortSignal): Promise<CatalogAnswer> => {
    const { value: index, done } = next.next();
    if (done === true) {
      silent.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    }
    if (index === undefined) throw new Error("no answer");
    return { index, offered: [], doubted: [] };
  };
  const snapshots = async function* (): AsyncGenerator<never, void, undefined> {
    // Nobody calls.
  };
  await using recorder = new Recorder({ catalog, snapshots });
  await silent.promise;
  return recorder.catalog.map((seen) => ("index" in seen ? seen.index : "broken"));
}

describe("the recorder of the catalog", () => {
  const cases = [
    ["each answer", [3, 5, 6], [3, 5, 6]],
    ["that it was away, once", [3, undefined, undefined, 4], [3, "broken", 4]],
    ["nothing of the past it speaks of when it is back", [5, undefined, 2, 6], [5, "broken", 6]],
    ["that it goes back without having been away", [5, 4], [5, 4]],
  ] as const;
  for (const [title, answers, expected] of cases) {
    it(`writes down ${title}`, async () => {
      assert.deepEqual(await recorded(answers), expected);
    });
  }
});
