// A Consul that lies, for whatever reason: a restored snapshot, a restarted server, a proxy on the way that misbehaves.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import { MeshError } from "../../../mesh/errors.ts";
import { ConsulClient } from "../../../registry/consul/client.ts";
import { ConsulCatalog } from "../../../registry/consul/consul-catalog.ts";
import { type ConsulServer, startConsul } from "../../helpers/consul.ts";
import { eventually } from "../../helpers/eventually.ts";
import { instanceOf } from "../instances.ts";
import { ViewReader } from "../view-reader.ts";
import { clearConsul } from "./consul-rig.ts";
import { type Forgery, ForgingProxy } from "./forging-proxy.ts";

const TIME_TO_LIVE = 2_000;
const TIMEOUT = 500;

const isList = (path: string): boolean => /^\/v1\/(health|catalog)\//.test(path);
const emptied = (body: string): string => (body.startsWith("[") ? "[]" : '{"consul":[]}');
const unavailable = (error: unknown): boolean =>
  error instanceof MeshError && error.code === "CATALOG_UNAVAILABLE";

describe("a Consul whose answers cannot be trusted", function () {
  this.timeout(30_000);
  const instance = instanceOf("orders", "a");
  const soon = (): AbortSignal => AbortSignal.timeout(5_000);
  let consul: ConsulServer;
  let direct: ConsulClient;
  let used: AsyncDisposableStack;
  let proxy: ForgingProxy;
  let writer: ConsulCatalog;
  let watching: ConsulCatalog;
  let reader: ViewReader;

  before(async function () {
    this.timeout(60_000);
    consul = await startConsul();
    direct = new ConsulClient({ address: consul.address });
  });
  after(async () => {
    direct[Symbol.dispose]();
    await consul[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    used = new AsyncDisposableStack();
    proxy = used.use(await ForgingProxy.start(consul.address));
    writer = new ConsulCatalog({ client: direct, node: "node-a" });
    const client = used.use(new ConsulClient({ address: proxy.address, timeout: TIMEOUT }));
    watching = new ConsulCatalog({ client, node: "node-a", timeToLive: TIME_TO_LIVE });
    reader = used.use(new ViewReader(watching));
    await writer.register(instance, soon());
    await writer.report(instance.id, { health: "passing", note: "" }, soon());
    await eventually(() => assert.deepEqual(reader.healths, { [instance.id]: "passing" }));
  });
  afterEach(async () => {
    await used.disposeAsync();
    await clearConsul(direct);
  });

  /** Waits until the forgery was told to the reader, by a change of the truth that wakes its queries. */
  async function tell(forge: Forgery): Promise<void> {
    let told = 0;
    proxy.forge = (path, truth) => {
      const forged = forge(path, truth);
      if (forged !== undefined) told += 1;
      return forged;
    };
    await wake();
    await eventually(() => assert.ok(told >= 4, "told to both queries, again and again"));
  }
  let wakes = 0;
  async function wake(): Promise<void> {
    wakes += 1;
    const version = `v${wakes}`;
    await writer.register({ ...instance, version }, soon());
  }
  const onlyPassing = (): void => {
    const seen = reader.views.map(({ entries }) => entries.map(({ health }) => health).join());
    assert.deepEqual(
      new Set(seen.filter((_, index) => index >= firstPassing(seen))),
      new Set(["passing"]),
    );
  };
  const firstPassing = (seen: readonly string[]): number => seen.indexOf("passing");
  async function healed(): Promise<void> {
    proxy.forge = () => undefined;
    await wake();
    await eventually(
      () => assert.equal(reader.views.at(-1)?.entries[0]?.instance.version, `v${wakes}`),
      { timeout: 10_000 },
    );
  }

  const lies: readonly (readonly [string, Forgery])[] = [
    [
      "forgets everything and counts from the beginning",
      (path, { body }) =>
        isList(path) ? { body: emptied(body), headers: { "x-consul-index": "3" } } : undefined,
    ],
    [
      "gives empty lists without a leader",
      (path, { body }) =>
        isList(path)
          ? { body: emptied(body), headers: { "x-consul-knownleader": "false" } }
          : undefined,
    ],
    ["fails", (path) => (isList(path) ? { status: 500, body: "No cluster leader" } : undefined)],
    ["cuts its answers in the middle", (path) => (isList(path) ? { ending: "cut" } : undefined)],
    [
      "hangs in the middle of its answers",
      (path) => (isList(path) ? { ending: "hang" } : undefined),
    ],
    ["answers a page", (path) => (isList(path) ? { body: "<html>sorry</html>" } : undefined)],
    ["answers null", (path) => (isList(path) ? { body: "null" } : undefined)],
  ];
  for (const [name, forge] of lies) {
    it(`loses nothing when it ${name}`, async () => {
      await tell(forge);
      onlyPassing();
      await healed();
      onlyPassing();
    });
  }

  it("is believed in the end when it goes on saying that all is gone", async () => {
    await tell((path, { body }) =>
      isList(path) ? { body: emptied(body), headers: { "x-consul-index": "3" } } : undefined,
    );
    onlyPassing();
    // Its index goes back once; from then on it is steady.
    await eventually(() => assert.deepEqual(reader.healths, {}), { timeout: 10_000 });
  });

  it("is not asked in a busy loop when its index does not move", async () => {
    proxy.forge = (path) => (isList(path) ? { headers: { "x-consul-index": "0" } } : undefined);
    await wake();
    const before = proxy.requests.length;
    const since = performance.now();
    await eventually(() => assert.ok(performance.now() - since > 1_000));
    const seconds = (performance.now() - since) / 1_000;
    const lists = proxy.requests.slice(before).map((path) => path.split("?")[0]);
    const asked = Object.groupBy(lists, String);
    for (const [path, { length = 0 } = []] of Object.entries(asked))
      assert.ok(length < 40 * seconds, `expected fewer than 40 a second of ${path}, got ${length}`);
    await healed();
  });

  it("makes calls fail in time, not hang, when it hangs or cuts", async () => {
    for (const ending of ["hang", "cut"] as const) {
      proxy.forge = () => ({ body: '{"some":"thing"}', ending });
      const since = performance.now();
      await assert.rejects(watching.registered(soon()), unavailable);
      await assert.rejects(watching.register(instance, soon()), unavailable);
      const report = watching.report(instance.id, { health: "passing", note: "" }, soon());
      await assert.rejects(report, unavailable);
      await assert.rejects(watching.deregister(instance.id, soon()), unavailable);
      assert.ok(performance.now() - since < 5 * TIMEOUT);
      assert.equal(watching.status().reachable, false);
    }
  });
});
