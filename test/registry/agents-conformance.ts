// The promises of registry/agents.ts as a suite that both registries pass. Numbers in titles are the promises'.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { AgentRegistry, Announcement, KnownAgent } from "../../registry/agents.ts";
import { eventually } from "../helpers/eventually.ts";
import { Reader } from "./reader.ts";

/** An empty registry. Disposing it removes what the test left there. */
export interface AgentsRig extends AsyncDisposable {
  readonly registry: AgentRegistry;
  /** That of another agent, where several share one; else the same. */
  readonly peer: AgentRegistry;
}

export function announcementOf(node: string, changes: Partial<Announcement> = {}): Announcement {
  return { node, version: "0.1.0", sidecarVersions: ["", "0.1.0"], ...changes };
}

/** `openRig` gives registries that share nothing with each other. */
export function agentsConformance(name: string, openRig: () => Promise<AgentsRig>): void {
  describe(`${name} keeps the promises about agents`, () => {
    let used: AsyncDisposableStack;
    let rig: AgentsRig;
    let abort: AbortController;

    beforeEach(async () => {
      used = new AsyncDisposableStack();
      rig = used.use(await openRig());
      abort = new AbortController();
    });
    afterEach(async () => {
      abort.abort();
      await used.disposeAsync();
    });

    const read = (): Reader<readonly KnownAgent[]> => used.use(new Reader(rig.peer));
    const shows = (
      reader: Reader<readonly KnownAgent[]>,
      ...expected: readonly Announcement[]
    ): Promise<void> =>
      eventually(() => {
        assert.deepEqual(
          reader.newest,
          expected.map((announcement) => ({ ...announcement, hearing: "heard" })),
        );
      });

    it("1: an announcement replaces the one before, for its node alone", async () => {
      const reader = read();
      await rig.registry.announce(announcementOf("node-2"), abort.signal);
      await rig.registry.announce(announcementOf("node-1"), abort.signal);
      await shows(reader, announcementOf("node-1"), announcementOf("node-2"));
      const changed = announcementOf("node-1", { version: "0.2.0", sidecarVersions: [] });
      await rig.registry.announce(changed, abort.signal);
      await shows(reader, changed, announcementOf("node-2"));
      await rig.registry.announce(changed, abort.signal);
      await shows(reader, changed, announcementOf("node-2"));
    });

    it("2: a view of nobody comes first where nobody is", async () => {
      await shows(read());
    });

    it("3: an abort rejects, and ends views", async () => {
      const reader = read();
      await shows(reader);
      abort.abort(new Error("enough"));
      await assert.rejects(rig.registry.announce(announcementOf("node-1"), abort.signal), /enough/);
      await reader[Symbol.asyncDispose]();
      assert.deepEqual(reader.newest, []);
    });
  });
}
