// Where the node's Consul agent may listen: the client talks to a real one through each kind of address.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import { AT_ONCE, ConsulClient } from "../../../registry/consul/client.ts";
import { ConsulCatalog } from "../../../registry/consul/consul-catalog.ts";
import { type ConsulServer, startConsul } from "../../helpers/consul.ts";
import { instanceOf } from "../instances.ts";
import { clearConsul } from "./consul-rig.ts";

const soon = (): AbortSignal => AbortSignal.timeout(10_000);

/** Gives every connection to the unix socket to Consul's port. */
async function listenBefore(consul: ConsulServer, path: string): Promise<Server> {
  const { hostname, port } = new URL(consul.address);
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    pipeline(near, far, near, () => undefined);
  });
  server.listen(path);
  await once(server, "listening");
  return server;
}

describe("a Consul agent that listens on a unix socket", function () {
  this.timeout(20_000);
  let consul: ConsulServer;
  let directory: string;
  let path: string;
  let server: Server;
  let client: ConsulClient;

  before(async function () {
    this.timeout(60_000);
    consul = await startConsul();
    directory = await mkdtemp(join(tmpdir(), "mesh-test-"));
    path = join(directory, "http.sock");
  });
  after(async () => {
    await rm(directory, { recursive: true });
    await consul[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    server = await listenBefore(consul, path);
    client = new ConsulClient({ address: `unix://${path}` });
  });
  afterEach(async () => {
    await clearConsul(client);
    client[Symbol.dispose]();
    server.close();
  });

  it("is asked and told as one that listens on a port", async () => {
    const catalog = new ConsulCatalog({ client, node: "node-a" });
    const instance = instanceOf("web", "a");
    await catalog.register(instance, soon());
    assert.deepEqual(Object.keys(await client.agentServices(soon())).length, 2);
    await catalog.report(instance.id, { health: "passing", note: "200 OK" }, soon());
    const { value } = await client.serviceNames(AT_ONCE, soon());
    assert.ok("web" in value, JSON.stringify(value));
    await catalog.deregister(instance.id, soon());
    assert.deepEqual(await client.agentServices(soon()), {});
  });

  it("is waited for with a blocking query", async () => {
    const key = "docker-mesh/waited-for";
    const { index } = await client.keyValues(key, AT_ONCE, soon());
    const changed = client.keyValues(key, { index, wait: 8_000 }, soon());
    const set = { Verb: "set", Key: key, Value: Buffer.from("news").toString("base64") } as const;
    await client.transact([{ KV: set }], soon());
    assert.equal((await changed).value.length, 1);
    await client.transact([{ KV: { Verb: "delete", Key: key } }], soon());
  });

  it("may be away, and is found again when it makes a new socket", async () => {
    const gone = once(server, "close");
    server.close();
    client[Symbol.dispose]();
    await gone;
    await assert.rejects(client.self(soon()), { code: "CATALOG_UNAVAILABLE" });
    assert.match(client.reachability.problem ?? "", /ENOENT|ECONNREFUSED/);
    server = await listenBefore(consul, path);
    assert.equal((await client.self(soon())).Config.Datacenter, "dc1");
  });
});
