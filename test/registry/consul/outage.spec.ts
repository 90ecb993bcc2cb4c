// What an outage of a real Consul does to readers: nothing. And what it does to what Consul knew: it is put back.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { MeshError } from "../../../mesh/errors.ts";
import { ConsulClient } from "../../../registry/consul/client.ts";
import { ConsulCatalog } from "../../../registry/consul/consul-catalog.ts";
import { type ConsulServer, startConsul } from "../../helpers/consul.ts";
import { eventually } from "../../helpers/eventually.ts";
import { fullInstance, instanceOf } from "../instances.ts";
import { ViewReader } from "../view-reader.ts";
import { Reporter } from "./reporter.ts";

const TIME_TO_LIVE = 2_000;
// The reader gives the agents time to come back; an outage must be long enough for it to notice, which a third of it is.
const READER_TIME_TO_LIVE = 6_000;
const OUTAGE = 3_000;
const unavailable = (error: unknown): boolean =>
  error instanceof MeshError && error.code === "CATALOG_UNAVAILABLE";

interface Fault {
  readonly name: string;
  readonly forgetful: boolean;
  readonly begin: (consul: ConsulServer) => Promise<void>;
  readonly end: (consul: ConsulServer) => Promise<void>;
}

const FAULTS: readonly Fault[] = [
  {
    name: "is stopped and comes back with its data",
    forgetful: false,
    begin: (consul) => consul.stop(),
    end: (consul) => consul.start(),
  },
  {
    name: "is killed and comes back empty",
    forgetful: true,
    begin: (consul) => consul.kill(),
    end: (consul) => consul.start(),
  },
  {
    name: "hangs for longer than a health lives",
    forgetful: false,
    begin: (consul) => consul.pause(),
    end: (consul) => consul.unpause(),
  },
];

describe("a Consul that is away", function () {
  this.timeout(60_000);
  const orders = fullInstance("shop-orders", "a");
  const web = instanceOf("web", "b");
  let used: AsyncDisposableStack;
  let consul: ConsulServer;
  let catalog: ConsulCatalog;
  let watching: ConsulCatalog;
  let reader: ViewReader;
  let reporter: Reporter;

  beforeEach(() => {
    used = new AsyncDisposableStack();
  });
  afterEach(() => used.disposeAsync());

  async function begin(forgetful: boolean): Promise<void> {
    consul = used.use(await startConsul({ forgetful }));
    catalog = open("node-a");
    reporter = used.use(new Reporter(catalog, [orders, web]));
    watching = open("node-b", READER_TIME_TO_LIVE);
    reader = used.use(new ViewReader(watching));
    await eventually(() => assert.deepEqual(reader.healths, all("passing")));
  }
  function open(node: string, timeToLive: number = TIME_TO_LIVE): ConsulCatalog {
    const client = used.use(new ConsulClient({ address: consul.address, timeout: 500 }));
    return new ConsulCatalog({ client, node, timeToLive });
  }
  const all = (health: string): Readonly<Record<string, string>> => ({
    [orders.id]: health,
    [web.id]: health,
  });

  for (const fault of FAULTS) {
    it(`changes nothing for readers when it ${fault.name}`, async () => {
      await begin(fault.forgetful);
      const seen = reader.views.length;
      await fault.begin(consul);
      const failures = reporter.failures;
      await eventually(() => assert.ok(reporter.failures > failures + 1));
      await assert.rejects(catalog.registered(AbortSignal.timeout(5_000)), unavailable);
      assert.equal(catalog.status().reachable, false);
      assert.match(catalog.status().problem ?? "", /consul did not answer/);
      const since = performance.now();
      await eventually(() => assert.ok(performance.now() - since > OUTAGE), {
        timeout: 2 * OUTAGE,
      });
      reporter.silent = true;
      await fault.end(consul);
      // Now Consul knows less than before, and the reader has heard that from it.
      await eventually(async () => assert.equal(await passingIn(consul, orders.service), 0));
      await eventually(() => assert.equal(watching.status().reachable, true), { timeout: 10_000 });
      reporter.silent = false;
      await eventually(async () => {
        const registered = await catalog.registered(AbortSignal.timeout(5_000));
        assert.deepEqual(registered.map(({ id }) => id).toSorted(), [orders.id, web.id]);
      });
      assert.equal(catalog.status().reachable, true);
      // A change that everyone must see proves that the reader has caught up.
      await catalog.register({ ...web, version: "v2" }, AbortSignal.timeout(5_000));
      await eventually(() => assert.equal(reader.instances?.[1]?.version, "v2"), {
        timeout: 20_000,
      });
      for (const view of reader.views.slice(seen - 1)) {
        const healths = view.entries.map(({ instance, health }) => [instance.id, health]);
        assert.deepEqual(Object.fromEntries(healths), all("passing"));
      }
    });
  }

  it("is not believed at once, but is in the end, about an instance that nobody puts back", async () => {
    await begin(true);
    await consul.kill();
    await reporter.leave(web.id);
    await consul.start();
    await eventually(
      async () => {
        const registered = await catalog.registered(AbortSignal.timeout(5_000));
        assert.deepEqual(registered, [orders]);
      },
      { timeout: 10_000 },
    );
    await catalog.register({ ...orders, version: "v2" }, AbortSignal.timeout(5_000));
    await eventually(() => assert.equal(reader.instances?.[0]?.version, "v2"), { timeout: 10_000 });
    assert.deepEqual(reader.healths, all("passing"), "kept while it may still come back");
    await eventually(() => assert.deepEqual(reader.healths, { [orders.id]: "passing" }), {
      timeout: 20_000,
    });
  });

  it("is not asked to confirm what this node itself removes", async () => {
    await begin(true);
    const own = used.use(new ViewReader(catalog));
    await eventually(() => assert.deepEqual(own.healths, all("passing")));
    await consul.kill();
    await reporter.leave(web.id);
    await consul.start();
    await eventually(() => catalog.deregister(web.id, AbortSignal.timeout(5_000)));
    const seen = own.views.length;
    await catalog.register({ ...orders, version: "v3" }, AbortSignal.timeout(5_000));
    await eventually(() => assert.equal(own.instances?.[0]?.version, "v3"), { timeout: 20_000 });
    for (const view of own.views.slice(seen))
      assert.deepEqual(
        view.entries.map(({ instance }) => instance.id),
        [orders.id],
      );
  });

  it("lets every call be aborted while it hangs", async () => {
    await begin(false);
    await consul.pause();
    try {
      const reason = new Error("enough");
      const stop = new AbortController();
      const calls = [
        catalog.register(orders, stop.signal),
        catalog.report(web.id, { health: "passing", note: "" }, stop.signal),
        catalog.deregister("other-000000000000", stop.signal),
        catalog.registered(stop.signal),
      ];
      stop.abort(reason);
      for (const call of calls) await assert.rejects(call, reason);
    } finally {
      await consul.unpause();
    }
  });
});

async function passingIn(consul: ConsulServer, service: string): Promise<number> {
  const response = await fetch(`${consul.address}/v1/health/service/${service}?passing`);
  return ((await response.json()) as unknown[]).length;
}
