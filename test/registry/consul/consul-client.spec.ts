// The client and the catalog against the sides of a real Consul that the shared suite does not touch.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import { type ErrorCode, MeshError } from "../../../mesh/errors.ts";
import { ConsulClient } from "../../../registry/consul/client.ts";
import { ConsulCatalog } from "../../../registry/consul/consul-catalog.ts";
import type { ServiceDefinition } from "../../../registry/consul/types.ts";
import { type ConsulServer, startConsul } from "../../helpers/consul.ts";
import { eventually } from "../../helpers/eventually.ts";
import { fullInstance, instanceOf } from "../instances.ts";
import { ViewReader } from "../view-reader.ts";
import { clearConsul } from "./consul-rig.ts";
import { ForgingProxy } from "./forging-proxy.ts";

const soon = (): AbortSignal => AbortSignal.timeout(10_000);
const withCode =
  (code: ErrorCode, message = /./) =>
  (error: unknown): boolean =>
    error instanceof MeshError && error.code === code && message.test(error.message);

describe("the Consul client", function () {
  this.timeout(20_000);
  let consul: ConsulServer;
  let client: ConsulClient;
  let catalog: ConsulCatalog;
  let used: AsyncDisposableStack;

  before(async function () {
    this.timeout(60_000);
    consul = await startConsul();
  });
  after(() => consul[Symbol.asyncDispose]());
  beforeEach(() => {
    used = new AsyncDisposableStack();
    client = used.use(new ConsulClient({ address: consul.address }));
    catalog = new ConsulCatalog({ client, node: "node-a" });
  });
  afterEach(async () => {
    await clearConsul(client);
    await used.disposeAsync();
  });

  const addresses = [
    "",
    "127.0.0.1:8500",
    "consul",
    "unix://consul.sock",
    "unix:///",
    "tcp://127.0.0.1:1",
  ];
  for (const address of addresses) {
    it(`refuses ${JSON.stringify(address)} as an address`, () => {
      assert.throws(() => new ConsulClient({ address }), withCode("CONFIGURATION_INVALID", /8500/));
    });
  }

  it("knows its agent's datacenter and version", async () => {
    const { Config } = await client.self(soon());
    assert.equal(Config.Datacenter, "dc1");
    assert.match(Config.Version, /^\d+\.\d+\.\d+/);
  });

  it("passes on what Consul says of a definition it refuses", async () => {
    const wrong = { ID: "x", Name: "x", Bogus: true } as unknown as ServiceDefinition;
    await assert.rejects(
      client.registerService(wrong, soon()),
      withCode("CATALOG_REFUSED", /consul answered 400 .*unknown field "Bogus"/),
    );
    assert.match(client.reachability.problem ?? "", /Bogus/);
    assert.equal(client.reachability.reachable, true, "it did answer");
  });

  it("says that nobody answers, and since when", async () => {
    const nobody = used.use(new ConsulClient({ address: "http://127.0.0.1:9" }));
    await assert.rejects(nobody.self(soon()), withCode("CATALOG_UNAVAILABLE", /did not answer/));
    await assert.rejects(nobody.agentServices(soon()), withCode("CATALOG_UNAVAILABLE"));
    const { reachable, problem } = nobody.reachability;
    assert.equal(reachable, false);
    assert.match(problem ?? "", /ECONNREFUSED/);
  });

  it("shows service and sidecar in Consul as one would expect them, both healthy", async () => {
    const instance = fullInstance("shop-orders", "a");
    await catalog.register(instance, soon());
    await catalog.report(instance.id, { health: "passing", note: "200 OK" }, soon());
    await eventually(async () => {
      const [service] = (await client.serviceHealth("shop-orders", { index: 0, wait: 0 }, soon()))
        .value;
      const [sidecar] = await client.sidecarHealth("shop-orders", soon());
      for (const entry of [service, sidecar]) {
        assert.equal(entry?.Service.Address, "198.18.0.7");
        assert.deepEqual(new Set(entry?.Checks.map(({ Status }) => Status)), new Set(["passing"]));
        assert.equal(entry?.Checks.length, 2, "its own check and its node's");
      }
      assert.equal(sidecar?.Service.Service, "shop-orders-sidecar-proxy");
      assert.equal(sidecar?.Service.Proxy?.DestinationServiceID, instance.id);
    });
  });

  it("fails both checks while draining, so that callers outside the mesh go elsewhere too", async () => {
    const instance = instanceOf("web", "a");
    await catalog.register(instance, soon());
    await catalog.report(instance.id, { health: "draining", note: "stop signal" }, soon());
    await eventually(async () => {
      const [sidecar] = await client.sidecarHealth("web", soon());
      const own = sidecar?.Checks.find(({ CheckID }) => CheckID === `${instance.id}:sidecar`);
      assert.deepEqual([own?.Status, own?.Output], ["critical", "draining: stop signal"]);
    });
  });

  it("finds what an earlier process on its node registered, and removes it whole", async () => {
    const instance = instanceOf("web", "a");
    await catalog.register(instance, soon());
    const later = new ConsulCatalog({ client, node: "node-a" });
    assert.deepEqual(await later.registered(soon()), [instance]);
    await later.report(instance.id, { health: "passing", note: "" }, soon());
    await later.deregister(instance.id, soon());
    assert.deepEqual(await client.agentServices(soon()), {});
  });

  it("shows no instance whose sidecar is missing, until it is there", async () => {
    const [whole, half] = [instanceOf("web", "a"), instanceOf("web", "b")];
    for (const instance of [whole, half]) await catalog.register(instance, soon());
    await client.deregisterService(`${half.id}-sidecar-proxy`, soon());
    await eventually(async () =>
      assert.equal((await client.sidecarHealth("web", soon())).length, 1),
    );
    const reader = used.use(new ViewReader(catalog));
    await eventually(() => assert.deepEqual(reader.instances, [whole]));
    await catalog.register(half, soon());
    await eventually(() => assert.deepEqual(reader.instances, [whole, half]));
  });

  it("ignores services that are not of the mesh, and ones that only pretend to be", async () => {
    const stranger = { Address: "198.18.0.9", Port: 80, Meta: {}, Checks: [] };
    await client.registerService({ ID: "db", Name: "db", Tags: [], ...stranger }, soon());
    await client.registerService({ ID: "fake", Name: "fake", Tags: ["mesh"], ...stranger }, soon());
    const instance = instanceOf("web", "a");
    await catalog.register(instance, soon());
    const reader = used.use(new ViewReader(catalog));
    await eventually(() => assert.deepEqual(reader.instances, [instance]));
    assert.deepEqual(await catalog.registered(soon()), [instance]);
  });

  it("follows more services than it may hold connections for", async function () {
    this.timeout(60_000);
    const instances = Array.from({ length: 110 }, (_, index) => instanceOf(`many-${index}`, "a"));
    for (const instance of instances) await catalog.register(instance, soon());
    const reader = used.use(new ViewReader(catalog));
    const ids = instances.map(({ id }) => id).toSorted();
    const shown = (): readonly string[] | undefined => reader.instances?.map(({ id }) => id);
    await eventually(() => assert.deepEqual(shown(), ids), { timeout: 20_000 });
    const last = instances.at(-1);
    assert.ok(last);
    await catalog.report(last.id, { health: "passing", note: "" }, soon());
    await eventually(() => assert.equal(reader.healths?.[last.id], "passing"), { timeout: 10_000 });
  });

  it("shows a report in a view within a moment", async () => {
    const instance = instanceOf("web", "a");
    await catalog.register(instance, soon());
    const reader = used.use(new ViewReader(catalog));
    await eventually(() => assert.deepEqual(reader.healths, { [instance.id]: "critical" }));
    const times: number[] = [];
    for (let time = 0; time < 20; time += 1) {
      const health = time % 2 === 0 ? "passing" : "warning";
      const since = performance.now();
      await catalog.report(instance.id, { health, note: "" }, soon());
      await eventually(() => assert.equal(reader.healths?.[instance.id], health), { interval: 1 });
      times.push(performance.now() - since);
    }
    const median = times.toSorted((a, b) => a - b)[10] ?? Number.POSITIVE_INFINITY;
    assert.ok(median < 250, `expected a median below 250 ms, got ${Math.round(median)}`);
  });

  it("understands how later versions answer for what they do not know", async () => {
    const proxy = used.use(await ForgingProxy.start(consul.address));
    const modern = used.use(new ConsulClient({ address: proxy.address }));
    const modernCatalog = new ConsulCatalog({ client: modern, node: "node-a" });
    const instance = instanceOf("web", "a");
    await modernCatalog.register(instance, soon());
    proxy.forge = (path) =>
      path.includes("/deregister/") ? { status: 404, body: "Unknown service ID" } : undefined;
    await modernCatalog.deregister("nothing", soon());
    let unknown = 1;
    proxy.forge = (path) =>
      path.includes("/check/") && unknown-- > 0
        ? { status: 404, body: "Unknown check" }
        : undefined;
    await client.deregisterService(instance.id, soon());
    await modernCatalog.report(instance.id, { health: "passing", note: "" }, soon());
    assert.deepEqual(await modernCatalog.registered(soon()), [instance], "registered again");
  });

  const answers: readonly (readonly [number, string, ErrorCode])[] = [
    [400, "Bad request", "CATALOG_REFUSED"],
    [403, "Permission denied", "CATALOG_REFUSED"],
    [500, "rpc error making call: Permission denied", "CATALOG_REFUSED"],
    [500, "No cluster leader", "CATALOG_UNAVAILABLE"],
    [408, "", "CATALOG_UNAVAILABLE"],
    [429, "Too many requests", "CATALOG_UNAVAILABLE"],
    [503, "", "CATALOG_UNAVAILABLE"],
  ];
  for (const [status, body, code] of answers) {
    it(`takes ${status} ${body} for ${code}`, async () => {
      const proxy = used.use(await ForgingProxy.start(consul.address));
      const forged = used.use(new ConsulClient({ address: proxy.address }));
      proxy.forge = () => ({ status, body });
      const message = new RegExp(`${status}.*${body}`);
      await assert.rejects(forged.agentServices(soon()), withCode(code, message));
      await assert.rejects(forged.self(soon()), withCode(code, message));
    });
  }
});

describe("a Consul with access control", function () {
  this.timeout(60_000);
  const token = "6a1c2f0e-0f2d-4c3b-9a55-2f6a1f7f0b11";
  let consul: ConsulServer;
  before(async () => {
    consul = await startConsul({ token });
  });
  after(() => consul[Symbol.asyncDispose]());

  it("lets the mesh work with its token, and refuses it without", async () => {
    await using used = new AsyncDisposableStack();
    const client = used.use(new ConsulClient({ address: consul.address, token }));
    const catalog = new ConsulCatalog({ client, node: "node-a" });
    const reader = used.use(new ViewReader(catalog));
    const instance = instanceOf("web", "a");
    await catalog.register(instance, soon());
    await catalog.report(instance.id, { health: "passing", note: "" }, soon());
    await eventually(() => assert.deepEqual(reader.healths, { [instance.id]: "passing" }));
    const strangerClient = used.use(new ConsulClient({ address: consul.address }));
    const stranger = new ConsulCatalog({ client: strangerClient, node: "node-a" });
    const refused = withCode("CATALOG_REFUSED", /403/);
    await assert.rejects(stranger.register(instance, soon()), refused);
    const report = stranger.report(instance.id, { health: "critical", note: "" }, soon());
    await assert.rejects(report, refused);
    await assert.rejects(stranger.deregister(instance.id, soon()), refused);
  });
});
