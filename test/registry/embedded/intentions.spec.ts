import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { EmbeddedIntentions } from "../../../registry/embedded/intentions.ts";

describe("intentions without Consul", () => {
  it("are none, and everybody may call everybody", async () => {
    const stop = new AbortController();
    const views = new EmbeddedIntentions().views(stop.signal)[Symbol.asyncIterator]();
    const { value } = await views.next();
    assert.deepEqual(value, { defaultAction: "allow", intentions: [], problems: [] });
    const waiting = views.next();
    stop.abort();
    assert.equal((await waiting).done, true);
  });

  it("are not given to whoever has left", async () => {
    const views = new EmbeddedIntentions().views(AbortSignal.abort())[Symbol.asyncIterator]();
    assert.equal((await views.next()).done, true);
  });
});
