// The promises of registry/catalog.ts as a suite that every catalog passes. Numbers in titles are the promises'.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import { MeshError } from "../../mesh/errors.ts";
import type { Health, Instance } from "../../mesh/model.ts";
import type { Catalog, CatalogView, HealthReport } from "../../registry/catalog.ts";
import { eventually } from "../helpers/eventually.ts";
import { fullInstance, instanceOf } from "./instances.ts";
import { reportUntilSeen, ViewReader } from "./view-reader.ts";

/** Milliseconds. */
export interface CatalogTimes {
  readonly timeToLive: number;
  readonly deregisterAfter: number;
}

/** A catalog of node-a with nothing in it. Disposing it removes what the test left there. */
export interface CatalogRig extends AsyncDisposable {
  readonly catalog: Catalog;
  /** Lets time pass where the test holds the clock; where it cannot, time passes by itself. */
  pass(milliseconds: number): void;
}

const LONG: CatalogTimes = { timeToLive: 60_000, deregisterAfter: 600_000 };
const SHORT: CatalogTimes = { timeToLive: 1_000, deregisterAfter: 600_000 };
// Consul allows no less than a minute.
const FORGETFUL: CatalogTimes = { timeToLive: 1_000, deregisterAfter: 60_000 };
const PASSING: HealthReport = { health: "passing", note: "200 OK" };
const HEALTHS: readonly Health[] = ["passing", "warning", "critical", "draining"];

/**
 * Runs the suite against catalogs that `makeCatalog` gives. One catalog with a short `deregisterAfter` lives beside
 * all others from start to end, since Consul takes its time to forget: it must not see theirs.
 */
export function catalogConformance(
  name: string,
  makeCatalog: (times: CatalogTimes) => Promise<CatalogRig>,
): void {
  describe(`${name} keeps the catalog's promises`, function () {
    this.timeout(20_000);
    let forgetful: Forgetful;
    let rig: CatalogRig;
    let catalog: Catalog;
    let used: AsyncDisposableStack;
    let abort: AbortController;
    let signal: AbortSignal;

    before(async () => {
      forgetful = await Forgetful.start(await makeCatalog(FORGETFUL));
    });
    after(() => forgetful[Symbol.asyncDispose]());
    beforeEach(() => {
      used = new AsyncDisposableStack();
      abort = new AbortController();
      signal = abort.signal;
    });
    afterEach(async () => {
      abort.abort();
      await used.disposeAsync();
    });

    async function open(times: CatalogTimes = LONG): Promise<void> {
      rig = used.use(await makeCatalog(times));
      catalog = rig.catalog;
    }
    const read = (): ViewReader => used.use(new ViewReader(catalog));
    const shows = (reader: ViewReader, expected: Readonly<Record<string, Health>>): Promise<void> =>
      eventually(() => assert.deepEqual(reader.healths, expected), { timeout: 10_000 });
    const registerPassing = async (...instances: Instance[]): Promise<void> => {
      for (const instance of instances) {
        await catalog.register(instance, signal);
        await catalog.report(instance.id, PASSING, signal);
      }
    };

    for (const instance of [fullInstance("shop-orders", "a"), instanceOf("web", "b")]) {
      it(`1: gives back exactly the instance that was registered (${instance.service})`, async () => {
        await open();
        const reader = read();
        await catalog.register(instance, signal);
        await eventually(() => assert.deepEqual(reader.instances, [instance]));
        assert.deepEqual(await catalog.registered(signal), [instance]);
      });
    }

    it("1: registers twice as once, and replaces what changed", async () => {
      await open();
      const reader = read();
      const before = instanceOf("orders", "a");
      const after = instanceOf("orders", "a", { version: "v2", containerName: "renamed" });
      await catalog.register(before, signal);
      await catalog.register(before, signal);
      await eventually(() => assert.deepEqual(reader.instances, [before]));
      await catalog.register(after, signal);
      await eventually(() => assert.deepEqual(reader.instances, [after]));
    });

    it("1: shows an instance whole in every view, or not at all", async () => {
      await open();
      const reader = read();
      const instance = fullInstance("shop-orders", "a");
      for (let round = 0; round < 5; round += 1) {
        await registerPassing(instance);
        await shows(reader, { [instance.id]: "passing" });
        await catalog.deregister(instance.id, signal);
        await shows(reader, {});
      }
      const seen = reader.views.flatMap(({ entries }) => entries.map((entry) => entry.instance));
      for (const shown of seen) assert.deepEqual(shown, instance);
    });

    it("2: calls a new instance critical until its first report", async () => {
      await open();
      const reader = read();
      const instance = instanceOf("orders", "a");
      await catalog.register(instance, signal);
      await shows(reader, { [instance.id]: "critical" });
      await catalog.report(instance.id, PASSING, signal);
      await shows(reader, { [instance.id]: "passing" });
    });

    for (const health of HEALTHS) {
      it(`2: keeps an instance ${health} when it is registered again`, async () => {
        await open();
        const reader = read();
        const [instance, marker] = [instanceOf("orders", "a"), instanceOf("orders", "b")];
        await catalog.register(instance, signal);
        await catalog.report(instance.id, { health, note: "said" }, signal);
        await shows(reader, { [instance.id]: health });
        const seen = reader.views.length;
        await catalog.register({ ...instance, version: "v2" }, signal);
        await registerPassing(marker);
        await shows(reader, { [instance.id]: health, [marker.id]: "passing" });
        for (const view of reader.views.slice(seen))
          assert.equal(view.entries[0]?.health, health, "kept in every view");
      });
    }

    it("2: shows each health after each other one", async () => {
      await open();
      const reader = read();
      const instance = instanceOf("orders", "a");
      await catalog.register(instance, signal);
      for (const from of HEALTHS) {
        for (const to of HEALTHS) {
          await catalog.report(instance.id, { health: from, note: "from" }, signal);
          await shows(reader, { [instance.id]: from });
          await catalog.report(instance.id, { health: to, note: "to" }, signal);
          await shows(reader, { [instance.id]: to });
        }
      }
    });

    it("2: takes a note for a note, whatever it says", async () => {
      await open();
      const reader = read();
      const instance = instanceOf("orders", "a");
      await catalog.register(instance, signal);
      await catalog.report(instance.id, PASSING, signal);
      await shows(reader, { [instance.id]: "passing" });
      const note = 'draining? no: 503 & more="x" %41 äöü';
      await catalog.report(instance.id, { health: "critical", note }, signal);
      await shows(reader, { [instance.id]: "critical" });
      await catalog.report(instance.id, { health: "draining", note: "" }, signal);
      await shows(reader, { [instance.id]: "draining" });
    });

    it("3: deregisters what it does not know", async () => {
      await open();
      await catalog.deregister("nothing-000000000000", signal);
    });

    it("3: never shows an instance again after deregister has resolved", async () => {
      await open();
      const reader = read();
      const [kept, removed] = [instanceOf("orders", "a"), instanceOf("orders", "b")];
      await registerPassing(kept, removed);
      await shows(reader, { [kept.id]: "passing", [removed.id]: "passing" });
      await catalog.deregister(removed.id, signal);
      const seen = reader.views.length;
      const late = read();
      await catalog.report(kept.id, { health: "warning", note: "slow" }, signal);
      for (const each of [reader, late]) await shows(each, { [kept.id]: "warning" });
      for (const view of [...reader.views.slice(seen), ...late.views])
        assert.deepEqual(
          view.entries.map((entry) => entry.instance.id),
          [kept.id],
        );
      await registerPassing(removed);
      await shows(reader, { [kept.id]: "warning", [removed.id]: "passing" });
    });

    it("3: starts anew with an instance that was deregistered", async () => {
      await open();
      const reader = read();
      const instance = instanceOf("orders", "a");
      await registerPassing(instance);
      await catalog.deregister(instance.id, signal);
      await shows(reader, {});
      await catalog.register(instance, signal);
      await shows(reader, { [instance.id]: "critical" });
    });

    it("4: lists this node's instances only, and none after they went", async () => {
      await open();
      const [ours, theirs] = [
        instanceOf("orders", "a"),
        instanceOf("orders", "b", { node: "node-b" }),
      ];
      await registerPassing(ours, theirs);
      assert.deepEqual(await catalog.registered(signal), [ours]);
      await catalog.deregister(ours.id, signal);
      assert.deepEqual(await catalog.registered(signal), []);
    });

    it("5: gives an empty view first when there is nothing", async () => {
      await open();
      for await (const view of catalog.views(signal)) {
        assert.deepEqual(view, { entries: [] });
        break;
      }
    });

    it("5: gives a late reader everything in its first view, sorted by id", async () => {
      await open();
      const services = ["web", "orders", "shop-inventory", "Cart"];
      const instances = services.flatMap((name) => [instanceOf(name, "b"), instanceOf(name, "a")]);
      await registerPassing(...instances);
      await shows(read(), Object.fromEntries(instances.map(({ id }) => [id, "passing" as const])));
      const late = read();
      await eventually(() => assert.notEqual(late.views.length, 0));
      assert.deepEqual(
        late.views[0]?.entries.map(({ instance }) => instance.id),
        instances.map(({ id }) => id).toSorted(),
      );
    });

    it("5: shows a reader that is slow the newest view, not each one on the way", async () => {
      await open();
      const quick = read();
      const slow = catalog.views(signal)[Symbol.asyncIterator]();
      await slow.next();
      const instance = instanceOf("orders", "a");
      await catalog.register(instance, signal);
      await shows(quick, { [instance.id]: "critical" });
      for (const health of ["passing", "warning", "passing", "warning"] as const) {
        await catalog.report(instance.id, { health, note: "" }, signal);
        await shows(quick, { [instance.id]: health });
      }
      const seen: (Health | undefined)[] = [];
      const all = quick.views.length;
      do {
        const { value } = (await slow.next()) as { value: CatalogView };
        seen.push(value.entries[0]?.health);
      } while (seen.at(-1) !== "warning" && seen.length < all);
      // Its own queries may be an answer or two behind; it must not be handed everything.
      assert.ok(seen.length <= 3, `expected at most 3 views on the way, got ${seen.join(", ")}`);
      await slow.return?.();
    });

    it("5: never repeats a view", async () => {
      await open();
      const reader = read();
      const [instance, marker] = [instanceOf("orders", "a"), instanceOf("orders", "b")];
      await registerPassing(instance);
      await shows(reader, { [instance.id]: "passing" });
      for (let time = 0; time < 5; time += 1) await registerPassing(instance);
      await registerPassing(marker);
      await shows(reader, { [instance.id]: "passing", [marker.id]: "passing" });
      for (const [index, view] of reader.views.entries())
        assert.notDeepEqual(view, reader.views[index + 1]);
    });

    it("6: calls critical what nobody repeats", async () => {
      await open(SHORT);
      const reader = read();
      const instance = instanceOf("orders", "a");
      for (const health of HEALTHS) {
        await catalog.register(instance, signal);
        await reportUntilSeen(catalog, reader, instance.id, health, signal);
        // In Consul it goes on saying so for some minutes: for callers that is the same as critical.
        if (health === "draining") break;
        rig.pass(SHORT.timeToLive);
        await shows(reader, { [instance.id]: "critical" });
      }
    });

    it("6: keeps what is repeated in time", async () => {
      await open(SHORT);
      const reader = read();
      const instance = instanceOf("orders", "a");
      await registerPassing(instance);
      await shows(reader, { [instance.id]: "passing" });
      const start = performance.now();
      await eventually(async () => {
        await catalog.report(instance.id, PASSING, signal);
        rig.pass(SHORT.timeToLive / 5);
        assert.ok(performance.now() - start > 2.5 * SHORT.timeToLive, "still repeating");
      });
      assert.deepEqual(reader.views.slice(-1)[0]?.entries[0]?.health, "passing");
      const first = reader.views.findIndex(({ entries }) => entries[0]?.health === "passing");
      assert.equal(reader.views.length, first + 1, "and no view said otherwise");
    });

    it("7: refuses a report for what was never registered", async () => {
      await open();
      await assert.rejects(
        catalog.report("nothing-000000000000", PASSING, signal),
        (error) => error instanceof MeshError && error.code === "CATALOG_REFUSED",
      );
    });

    it("8: rejects with the signal's reason when it has aborted, and changes nothing", async () => {
      await open();
      const reason = new Error("enough");
      const aborted = AbortSignal.abort(reason);
      const instance = instanceOf("orders", "a");
      await assert.rejects(catalog.register(instance, aborted), reason);
      await assert.rejects(catalog.report(instance.id, PASSING, aborted), reason);
      await assert.rejects(catalog.deregister(instance.id, aborted), reason);
      await assert.rejects(catalog.registered(aborted), reason);
      for await (const view of catalog.views(aborted)) assert.fail(`got ${JSON.stringify(view)}`);
      assert.deepEqual(await catalog.registered(signal), []);
    });

    it("8: ends views when the signal aborts while it waits", async () => {
      await open();
      const stop = new AbortController();
      const views = catalog.views(stop.signal)[Symbol.asyncIterator]();
      await views.next();
      const next = views.next();
      stop.abort();
      assert.deepEqual(await next, { done: true, value: undefined });
    });

    it("says that it can be reached", async () => {
      await open();
      await catalog.registered(signal);
      const { reachable, since, problem } = catalog.status();
      assert.deepEqual({ reachable, problem }, { reachable: true, problem: undefined });
      assert.ok(since <= Date.now());
    });

    it("6: forgets what stays silent, until it is registered again", async function () {
      this.timeout(120_000);
      const { rig, reader, instance } = forgetful;
      const { deregisterAfter, timeToLive } = FORGETFUL;
      const soon = AbortSignal.timeout(110_000);
      rig.pass(timeToLive);
      await eventually(() => assert.equal(reader.healths?.[instance.id], "critical"), {
        timeout: 10_000,
      });
      rig.pass(deregisterAfter);
      await eventually(() => assert.deepEqual(reader.instances, []), { timeout: 110_000 });
      const [before, last] = reader.views.slice(-2);
      assert.deepEqual([before?.entries[0]?.health, last], ["critical", { entries: [] }]);
      assert.deepEqual(await rig.catalog.registered(soon), []);
      await rig.catalog.register(instance, soon);
      await eventually(() => assert.deepEqual(reader.healths, { [instance.id]: "critical" }));
    });
  });
}

// An instance that spoke until it was heard, with a reader that watches it.
class Forgetful implements AsyncDisposable {
  readonly instance: Instance = instanceOf("silent", "a");
  readonly reader: ViewReader;
  readonly rig: CatalogRig;

  constructor(rig: CatalogRig) {
    this.rig = rig;
    this.reader = new ViewReader(rig.catalog);
  }

  static async start(rig: CatalogRig): Promise<Forgetful> {
    const forgetful = new Forgetful(rig);
    const soon = AbortSignal.timeout(10_000);
    await rig.catalog.register(forgetful.instance, soon);
    const { instance, reader } = forgetful;
    await reportUntilSeen(rig.catalog, reader, instance.id, "passing", soon);
    return forgetful;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reader[Symbol.asyncDispose]();
    await this.rig[Symbol.asyncDispose]();
  }
}
