// What a newer version has written into Consul is left as it is, and what was known before stays in force.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { ConsulClient } from "../../../registry/consul/client.ts";
import { ConsulPolicyStore } from "../../../registry/consul/policy-store.ts";
import { ConsulSwarmServices } from "../../../registry/consul/swarm-services.ts";
import { type ConsulServer, startConsul } from "../../helpers/consul.ts";
import { eventually } from "../../helpers/eventually.ts";
import { Reader } from "../reader.ts";
import { serviceAt } from "../swarm-services-conformance.ts";

const soon = (): AbortSignal => AbortSignal.timeout(5_000);
const NEWER = '{"format":2,"version":2}';

describe("what a newer version has written into Consul", () => {
  let consul: ConsulServer;
  let client: ConsulClient;
  before(async function () {
    this.timeout(60_000);
    consul = await startConsul();
    client = new ConsulClient({ address: consul.address });
  });
  after(async () => {
    client?.[Symbol.dispose]();
    await consul?.[Symbol.asyncDispose]();
  });

  const addressOf = (key: string): string => `${consul.address}/v1/kv/docker-mesh/${key}`;
  const put = async (key: string): Promise<void> =>
    void (await fetch(addressOf(key), { method: "PUT", body: NEWER, signal: soon() }));
  const read = async (key: string): Promise<string> =>
    await (await fetch(`${addressOf(key)}?raw`, { signal: soon() })).text();

  it("policies: cannot be changed from here", async () => {
    const store = new ConsulPolicyStore({ client });
    await store.write("orders", 0, { document: {}, note: "" }, soon());
    await put("policies/orders");
    assert.equal((await store.read("orders", soon()))?.version, 1);
    for (const expected of [0, 1, 2])
      await assert.rejects(store.write("orders", expected, { document: {}, note: "" }, soon()), {
        code: "VERSION_MISMATCH",
      });
    assert.equal(await read("policies/orders"), NEWER);
  });

  it("Swarm's services: managers do not put them right", async () => {
    const store = new ConsulSwarmServices({ client });
    const { id } = serviceAt(1);
    await store.record([serviceAt(1)], soon());
    await using reader = new Reader(store);
    await eventually(() => assert.equal(reader.newest?.services.size, 1));
    await put(`swarm/services/${id}`);
    await eventually(() =>
      assert.match(reader.newest?.problems.join() ?? "", /format 2, expected 1 at most/),
    );
    await store.record([serviceAt(9)], soon());
    await store.remove(id, 9, soon());
    assert.deepEqual(reader.newest?.services.get(id), serviceAt(1));
    assert.equal(await read(`swarm/services/${id}`), NEWER);
  });
});
