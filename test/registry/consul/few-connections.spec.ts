// A real Consul that takes few connections from one address: everything of a node comes through all the same, in turns.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, describe, it } from "mocha";
import { silentLog } from "../../../mesh/log.ts";
import { ConsulAuthority } from "../../../plugin/certificates/consul-authority.ts";
import { ServiceLeaves } from "../../../plugin/certificates/service-leaves.ts";
import { ConsulClient } from "../../../registry/consul/client.ts";
import { ConsulCatalog } from "../../../registry/consul/consul-catalog.ts";
import { type ConsulServer, startConsul } from "../../helpers/consul.ts";
import { eventually } from "../../helpers/eventually.ts";
import { instanceOf } from "../instances.ts";
import { ViewReader } from "../view-reader.ts";
import { Reporter } from "./reporter.ts";

const LIMIT = 20;

describe(`a Consul that takes ${LIMIT} connections from one address`, function () {
  this.timeout(60_000);
  const instances = Array.from({ length: 12 }, (_, index) => instanceOf(`service-${index}`, "a"));
  const soon = (): AbortSignal => AbortSignal.timeout(20_000);
  let used: AsyncDisposableStack;
  let consul: ConsulServer;
  let client: ConsulClient;
  let catalog: ConsulCatalog;
  let reader: ViewReader;
  let leaves: ServiceLeaves;

  before(async () => {
    used = new AsyncDisposableStack();
    consul = used.use(await startConsul({ connections: LIMIT }));
    client = used.use(new ConsulClient({ address: consul.address }));
    catalog = new ConsulCatalog({ client, node: "node-a" });
    reader = used.use(new ViewReader(catalog));
    leaves = used.use(
      new ServiceLeaves(new ConsulAuthority({ client }), () => undefined, silentLog),
    );
    await client.self(soon());
    for (const { service } of instances) leaves.follow(service);
    await Promise.all(instances.map((instance) => catalog.register(instance, soon())));
  });
  after(() => used.disposeAsync());

  const report = (health: "passing" | "critical"): Promise<unknown> =>
    Promise.all(instances.map(({ id }) => catalog.report(id, { health, note: "said" }, soon())));
  const seen = (health: string): Promise<void> =>
    eventually(
      () => {
        const healths = Object.values(reader.healths ?? {});
        assert.deepEqual(healths, Array(instances.length).fill(health));
      },
      { timeout: 20_000 },
    );

  it("takes every registration and health, and tells every change", async () => {
    await report("passing");
    await seen("passing");
    await report("critical");
    await seen("critical");
    assert.equal(catalog.status().problem, undefined);
  });

  it("gives every service its certificate", async () => {
    await eventually(
      () => assert.ok(instances.every(({ service }) => leaves.leaf(service) !== undefined)),
      { timeout: 20_000 },
    );
  });

  it("takes nothing from readers when it restarts, and they catch up with every service", async () => {
    await report("passing");
    await seen("passing");
    const from = reader.views.length;
    await using _reporter = new Reporter(catalog, instances);
    await consul.stop();
    await consul.start();
    const next = instances.map((instance) => ({ ...instance, version: "v2" }));
    await Promise.all(next.map((instance) => catalog.register(instance, soon())));
    await eventually(
      () =>
        assert.deepEqual(new Set(reader.instances?.map(({ version }) => version)), new Set(["v2"])),
      { timeout: 20_000 },
    );
    for (const { entries } of reader.views.slice(from)) {
      assert.equal(entries.length, instances.length);
      assert.ok(entries.every(({ health }) => health === "passing"));
    }
  });

  it("refuses whoever takes more, or this would prove nothing", async () => {
    const sockets: Socket[] = [];
    used.defer(() => {
      for (const socket of sockets) socket.destroy();
    });
    const { hostname, port } = new URL(consul.address);
    let refused = 0;
    for (let count = 0; count <= LIMIT; count += 1) {
      const socket = connect(Number(port), hostname);
      socket.on("error", () => undefined);
      // It answers 429 and ends the connection.
      socket.resume().once("end", () => {
        refused += 1;
      });
      sockets.push(socket);
      await once(socket, "connect");
    }
    await eventually(() => assert.ok(refused > 0));
  });
});
