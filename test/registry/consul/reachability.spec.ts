// A Consul agent that runs and reaches no server, as on a worker that is cut off: it goes on answering for itself.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "mocha";
import { AT_ONCE, ConsulClient } from "../../../registry/consul/client.ts";

describe("a Consul agent without servers", () => {
  it("counts as not reached until a server answers again, whatever it says of itself", async () => {
    let servers = false;
    await using server = createServer((request, response) => {
      const isOwn = request.url?.startsWith("/v1/agent/") === true;
      response.writeHead(isOwn || servers ? 200 : 500, { "x-consul-knownleader": "true" });
      response.end(isOwn || servers ? "{}" : "No known Consul servers");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    using client = new ConsulClient({ address: `http://127.0.0.1:${port}` });
    const signal = AbortSignal.timeout(5_000);
    const reachable = (): boolean => client.reachability.reachable;
    await client.agentServices(signal);
    assert.equal(reachable(), true);
    await assert.rejects(client.serviceNames(AT_ONCE, signal), { code: "CATALOG_UNAVAILABLE" });
    assert.equal(reachable(), false);
    await client.agentServices(signal);
    assert.equal(reachable(), false);
    assert.match(client.reachability.problem ?? "", /No known Consul servers/);
    servers = true;
    await client.serviceNames(AT_ONCE, signal);
    assert.deepEqual([reachable(), client.reachability.problem], [true, undefined]);
    server.closeAllConnections();
  });
});
