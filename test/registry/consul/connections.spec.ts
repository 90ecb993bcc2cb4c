// What an agent takes of the connections that Consul gives one address, and that nothing small waits behind something large.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { silentLog } from "../../../mesh/log.ts";
import { ConsulAuthority } from "../../../plugin/certificates/consul-authority.ts";
import { ServiceLeaves } from "../../../plugin/certificates/service-leaves.ts";
import { AT_ONCE, ConsulClient } from "../../../registry/consul/client.ts";
import { limitOf, sharesOf } from "../../../registry/consul/connections.ts";
import { ConsulCatalog } from "../../../registry/consul/consul-catalog.ts";
import { eventually } from "../../helpers/eventually.ts";
import { instanceOf } from "../instances.ts";
import { ViewReader } from "../view-reader.ts";
import { ScriptedConsul } from "./scripted-consul.ts";

const SETTINGS = { Datacenter: "dc1", Version: "1.8.7" };
/** Queries of which there is one each. */
const SINGLE = 8;

describe("the connections to Consul", () => {
  for (const [limit, serviceWaits, certificateWaits] of [
    [15, 1, 1],
    [20, 3, 2],
    [50, 24, 5],
    [100, 56, 10],
    [200, 120, 20],
    [1_000, 802, 100],
    [2_000, 1_702, 200],
    [100_000, 1_702, 200],
    [0, 1_702, 200],
    [-1, 1_702, 200],
  ] as const) {
    it(`are shared out within a limit of ${limit}`, () => {
      const shares = sharesOf(limit);
      const { own, prompt, serviceReads, certificateReads } = shares;
      assert.deepEqual(
        [shares.serviceWaits, shares.certificateWaits],
        [serviceWaits, certificateWaits],
      );
      const all = own + prompt + serviceWaits + certificateWaits + SINGLE;
      assert.ok(limit <= 0 || all <= limit, `${all} of ${limit}`);
      assert.ok(Math.min(...Object.values(shares)) >= 1);
      assert.ok(serviceReads + certificateReads < prompt, "other calls have a share too");
    });
  }

  for (const [what, DebugConfig, limit] of [
    ["is said", { HTTPMaxConnsPerClient: 300 }, 300],
    ["is off", { HTTPMaxConnsPerClient: 0 }, 0],
    ["is not known to an older Consul", {}, 200],
    ["is said in another way", { HTTPMaxConnsPerClient: "300" }, 200],
    ["is hidden from the token", null, 200],
  ] as const) {
    it(`have a limit of ${limit} where it ${what}`, () => {
      assert.equal(limitOf({ Config: SETTINGS, DebugConfig }), limit);
    });
  }
});

describe("with 200 services and certificates that Consul does not tell of", () => {
  const names = Array.from({ length: 200 }, (_, index) => `service-${index}`);
  const orders = instanceOf("orders", "a");
  let limit: number | undefined;
  let used: AsyncDisposableStack;
  let consul: ScriptedConsul;
  let client: ConsulClient;
  let catalog: ConsulCatalog;

  beforeEach(async () => {
    limit = undefined;
    used = new AsyncDisposableStack();
    consul = used.use(
      await ScriptedConsul.start(({ path, index }) => {
        if (path === "agent/self")
          return {
            body: { Config: SETTINGS, DebugConfig: { HTTPMaxConnsPerClient: limit } },
            index: 1,
          };
        if (path === "catalog/services" && index === 0)
          return { body: Object.fromEntries(names.map((name) => [name, ["mesh"]])), index: 5 };
        const isHeld = /^(health|catalog|kv)\/|^agent\/connect\/ca\/leaf\//.test(path);
        return isHeld ? undefined : { body: null, index: 1 };
      }),
    );
    client = used.use(new ConsulClient({ address: consul.address, timeout: 60_000 }));
    catalog = new ConsulCatalog({ client, node: "node-a" });
  });
  afterEach(() => used.disposeAsync());

  /** Follows everything until as many questions are held as may be. */
  async function followAll(): Promise<number> {
    used.use(new ViewReader(catalog));
    await eventually(() => assert.ok(consul.held.some(({ path }) => path.startsWith("health/"))));
    const authority = new ConsulAuthority({ client });
    const leaves = used.use(new ServiceLeaves(authority, () => undefined, silentLog));
    for (const name of names) leaves.follow(name);
    await eventually(() =>
      assert.ok(consul.held.some(({ path }) => path.startsWith("agent/connect/ca/leaf/"))),
    );
    return consul.held.length;
  }

  it("an instance is registered and its health told all the same", async () => {
    await followAll();
    const soon = AbortSignal.timeout(5_000);
    await catalog.register(orders, soon);
    await catalog.report(orders.id, { health: "passing", note: "" }, soon);
    await catalog.deregister(orders.id, soon);
  });

  it("policies and intentions are asked for all the same", async () => {
    await followAll();
    const stop = new AbortController();
    const asked = client.keyValues("docker-mesh/policies/", AT_ONCE, stop.signal);
    await eventually(() =>
      assert.ok(consul.questions.some(({ path }) => path === "kv/docker-mesh/policies/")),
    );
    stop.abort();
    await assert.rejects(asked);
  });

  it("a limit of 20 is kept to as soon as it is known", async () => {
    limit = 20;
    await followAll();
    const soon = AbortSignal.timeout(5_000);
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        client.updateCheck(`check-${index}`, "passing", "", soon),
      ),
    );
    assert.ok(consul.held.length <= 20, `${consul.held.length} are held`);
  });
});
