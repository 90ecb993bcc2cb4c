// What only Consul can do to the labels of Swarm's services: people edit them by hand, and it refuses.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { ConsulClient } from "../../../registry/consul/client.ts";
import { ConsulSwarmServices } from "../../../registry/consul/swarm-services.ts";
import { type ConsulServer, startConsul } from "../../helpers/consul.ts";
import { eventually } from "../../helpers/eventually.ts";
import { Reader } from "../reader.ts";
import { serviceAt, swarmServicesConformance } from "../swarm-services-conformance.ts";

const soon = (): AbortSignal => AbortSignal.timeout(5_000);

describe("Swarm's services in a real Consul", () => {
  let consul: ConsulServer;
  before(async function () {
    this.timeout(60_000);
    consul = await startConsul();
  });
  after(() => consul[Symbol.asyncDispose]());

  /** As Consul's UI does. */
  async function edit(method: "PUT" | "DELETE", key: string, body = ""): Promise<void> {
    const request = { method, ...(method === "PUT" ? { body } : {}), signal: soon() };
    await fetch(`${consul.address}/v1/kv/docker-mesh/${key}`, request);
  }
  const clear = (): Promise<void> => edit("DELETE", "?recurse");

  swarmServicesConformance("Consul", async () => {
    const used = new AsyncDisposableStack();
    const open = (): ConsulSwarmServices =>
      new ConsulSwarmServices({ client: used.use(new ConsulClient({ address: consul.address })) });
    used.defer(clear);
    return { store: open(), peer: open(), [Symbol.asyncDispose]: () => used.disposeAsync() };
  });

  describe("when somebody edits them by hand", () => {
    afterEach(clear);

    for (const [what, text] of [
      ["no JSON", "{"],
      ["no object", "null"],
      ["no name", '{ "swarm": "s", "version": 9, "labels": {} }'],
      ["no version", '{ "swarm": "s", "name": "n", "version": "9", "labels": {} }'],
      [
        "labels that are no texts",
        '{ "swarm": "s", "name": "n", "version": 9, "labels": { "a": 1 } }',
      ],
    ] as const) {
      it(`keeps what it knew, says so, and is put right by the next manager: ${what}`, async () => {
        using client = new ConsulClient({ address: consul.address });
        const store = new ConsulSwarmServices({ client });
        const { id } = serviceAt(1);
        await store.record([serviceAt(1), serviceAt(1, { id: "y1" })], soon());
        await using reader = new Reader(store);
        await eventually(() => assert.equal(reader.newest?.services.size, 2));
        await edit("PUT", `swarm/services/${id}`, text);
        await eventually(() => {
          assert.match(
            reader.newest?.problems.join() ?? "",
            new RegExp(`/${id} in Consul's KV cannot`),
          );
          assert.deepEqual(reader.newest?.services.get(id), serviceAt(1));
        });
        await store.record([serviceAt(2)], soon());
        await eventually(() => {
          assert.deepEqual(reader.newest?.problems, []);
          assert.deepEqual(reader.newest?.services.get(id), serviceAt(2));
        });
      });
    }

    it("leaves aside what is at keys that no manager makes, and Consul's folder", async () => {
      using client = new ConsulClient({ address: consul.address });
      await edit("PUT", "swarm/services/");
      await edit("PUT", "swarm/services/a%2Fb", "{}");
      await using reader = new Reader(new ConsulSwarmServices({ client }));
      await eventually(() => {
        assert.equal(reader.newest?.services.size, 0);
        assert.match(reader.newest?.problems.join() ?? "", /a\/b .*the id of a service in the key/);
      });
    });
  });

  it("is not taken for empty where access control hides it", async () => {
    const token = "7c6f3a52-0000-4000-8000-000000000000";
    await using closed = await startConsul({ token });
    using client = new ConsulClient({ address: closed.address });
    using allowed = new ConsulClient({ address: closed.address, token });
    await using hidden = new Reader(new ConsulSwarmServices({ client }));
    await using shown = new Reader(new ConsulSwarmServices({ client: allowed }));
    await eventually(() => assert.equal(shown.views.length, 1));
    assert.equal(hidden.views.length, 0);
    await assert.rejects(new ConsulSwarmServices({ client }).record([serviceAt(1)], soon()), {
      code: "CATALOG_REFUSED",
    });
  }).timeout(60_000);
});
