// The promises of registry/swarm-services.ts as a suite that both stores pass. Numbers in titles are the promises'.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type {
  SwarmService,
  SwarmServices,
  SwarmServicesView,
} from "../../registry/swarm-services.ts";
import { eventually } from "../helpers/eventually.ts";
import { Reader } from "./reader.ts";

/** An empty store. Disposing it removes what the test left there. */
export interface SwarmServicesRig extends AsyncDisposable {
  readonly store: SwarmServices;
  /** The store of another agent, where others may use the same services; else the same. */
  readonly peer: SwarmServices;
}

const ID = "x2k9u0c3vq7m5n8b1z6l4d0aj";

export function serviceAt(version: number, changes: Partial<SwarmService> = {}): SwarmService {
  const labels = { "mesh.enable": "true", "mesh.weight": String(version) };
  return { id: ID, swarm: "swarm-1", name: "shop_orders", version, labels, ...changes };
}

/** `openRig` gives stores that share nothing with each other. */
export function swarmServicesConformance(
  name: string,
  openRig: () => Promise<SwarmServicesRig>,
): void {
  describe(`${name} keeps the promises about Swarm's services`, () => {
    let used: AsyncDisposableStack;
    let store: SwarmServices;
    let peer: SwarmServices;
    let abort: AbortController;
    let signal: AbortSignal;

    beforeEach(async () => {
      used = new AsyncDisposableStack();
      ({ store, peer } = used.use(await openRig()));
      abort = new AbortController();
      signal = abort.signal;
    });
    afterEach(async () => {
      abort.abort();
      await used.disposeAsync();
    });

    const read = (from: SwarmServices = store): Reader<SwarmServicesView> =>
      used.use(new Reader(from));
    const shows = (
      reader: Reader<SwarmServicesView>,
      ...expected: readonly SwarmService[]
    ): Promise<void> =>
      eventually(() => {
        const services = [...(reader.newest?.services.values() ?? [])];
        assert.ok(reader.newest);
        assert.deepEqual(
          services.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
          expected,
        );
        assert.deepEqual(reader.newest?.problems, []);
      });

    it("has nothing at first", async () => await shows(read()));

    it("1: gives back what was recorded, to every agent", async () => {
      const labels = { "Mesh.x": 'ü\u0000"\\\n\u2028', "mesh.a": "", ["__proto__"]: "x" };
      const services = [serviceAt(3, { labels }), serviceAt(7, { id: "y1", name: "web" })];
      await store.record(services, signal);
      await shows(read(), ...services);
      await shows(read(peer), ...services);
    });

    it("1: keeps nothing of a service without labels but its name", async () => {
      await store.record([serviceAt(1), serviceAt(2, { labels: {} })], signal);
      await shows(read(), serviceAt(2, { labels: {} }));
    });

    for (const [what, version, kept] of [
      ["newer", 8, 8],
      ["older", 6, 7],
      ["as new", 7, 7],
    ] as const) {
      it(`1: with version 7 recorded, keeps ${kept} when somebody comes with what is ${what}`, async () => {
        await store.record([serviceAt(7)], signal);
        const labels = { "mesh.version": "another" };
        const offered = serviceAt(version, { labels });
        await peer.record([offered], signal);
        const reader = read();
        await shows(reader, kept === 8 ? offered : serviceAt(7));
      });
    }

    it("1: of many who come at once keeps the newest", async () => {
      const versions = [4, 9, 2, 7, 1, 8, 3, 6];
      await Promise.all(
        versions.map((version, index) =>
          (index % 2 === 0 ? store : peer).record([serviceAt(version)], signal),
        ),
      );
      await shows(read(), serviceAt(9));
    });

    it("2: removes what is not newer, and nothing that is not there", async () => {
      await store.remove(ID, 100, signal);
      await store.record([serviceAt(5), serviceAt(1, { id: "y1" })], signal);
      await peer.remove(ID, 4, signal);
      await shows(read(), serviceAt(5), serviceAt(1, { id: "y1" }));
      await peer.remove(ID, 5, signal);
      await shows(read(), serviceAt(1, { id: "y1" }));
    });

    it("3: shows each change to those who follow, newest only and never back", async () => {
      const reader = read(peer);
      await shows(reader);
      for (let version = 1; version <= 5; version += 1)
        await store.record([serviceAt(version)], signal);
      await shows(reader, serviceAt(5));
      await store.remove(ID, 5, signal);
      await shows(reader);
      const seen = reader.views.map(({ services }) => services.get(ID)?.version ?? 0).slice(0, -1);
      assert.deepEqual(seen, seen.toSorted());
    });

    it("3: shows nothing again when nothing was new", async () => {
      await store.record([serviceAt(5)], signal);
      const reader = read(peer);
      await shows(reader, serviceAt(5));
      for (const version of [5, 4]) await store.record([serviceAt(version)], signal);
      await store.remove(ID, 4, signal);
      await store.record([serviceAt(6)], signal);
      await shows(reader, serviceAt(6));
      const seen = reader.views.map(({ services }) => services.get(ID)?.version);
      assert.deepEqual(seen, [5, 6]);
    });

    it("4: rejects with the reason of an abort, ends views, and has changed nothing", async () => {
      const reason = new Error("enough");
      const views = store.views(signal)[Symbol.asyncIterator]();
      await views.next();
      const waiting = views.next();
      abort.abort(reason);
      await assert.rejects(store.record([serviceAt(1)], signal), reason);
      await assert.rejects(store.remove(ID, 1, signal), reason);
      assert.equal((await waiting).done, true);
      await shows(read());
    });
  });
}
