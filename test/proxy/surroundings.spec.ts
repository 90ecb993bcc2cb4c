// What a sidecar does to its surroundings and they to it: ports, the hosts file, the namespace, being stopped.
import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFile, chmod, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { NetworkInterfaceInfo } from "node:os";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { Interfaces } from "../../proxy/namespace.ts";
import { eventually } from "../helpers/eventually.ts";
import { freePort } from "../helpers/free-port.ts";
import { call } from "../helpers/http-call.ts";
import {
  connectPair,
  dialOf,
  inboundPort,
  outboundService,
  SidecarRig,
} from "../helpers/sidecar-rig.ts";

const ETHERNET: NetworkInterfaceInfo = {
  ...{ address: "198.18.0.2", netmask: "255.255.255.0", family: "IPv4", internal: false },
  ...{ mac: "02:00:00:00:00:01", cidr: "198.18.0.2/24" },
};
const LOOPBACK: NetworkInterfaceInfo = {
  ...{ address: "127.0.0.1", netmask: "255.0.0.0", family: "IPv4", internal: true },
  ...{ mac: "00:00:00:00:00:00", cidr: "127.0.0.1/8" },
};

describe("a sidecar and its surroundings", () => {
  let rig: SidecarRig;
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  /** Holds a port until closed. */
  const occupy = async (host: string, port: number): Promise<() => Promise<void>> => {
    const server = createServer().listen(port, host);
    await once(server, "listening");
    const close = async (): Promise<void> => {
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    };
    rig.defer(close);
    return close;
  };

  it("says which port is taken and what does not work, does the rest, and tries again", async () => {
    const caller = await rig.sidecar("shop-web");
    const taken = await outboundService("shop-orders", []);
    const free = await outboundService("shop-stock", [], { address: "127.64.0.11" });
    const { host, port } = dialOf(taken);
    const release = await occupy(host, port);
    await caller.configure({ outbound: [taken, free] });
    const { ready, problems } = caller.sidecar.report();
    assert.equal(ready, true);
    assert.deepEqual(problems, [
      `port ${port} at ${host} is in use by another process of the container: let that one listen on another port or only on the container's own address; until then calls of shop-web to shop-orders on port 8080 are refused`,
    ]);
    assert.equal((await call(dialOf(free))).status, 503);
    await release();
    await eventually(() => assert.deepEqual(caller.agent.lastReport?.problems, []));
    assert.equal((await call(dialOf(taken))).status, 503);
  });

  it("is not ready while an inbound port is taken", async () => {
    const callee = await rig.sidecar("shop-orders");
    const inbound = await inboundPort(await freePort());
    const release = await occupy("0.0.0.0", inbound.tlsPort);
    await callee.configure({ inbound: [inbound] });
    assert.equal(callee.sidecar.report().ready, false);
    assert.match(
      callee.sidecar.report().problems[0] ?? "",
      /until then the mesh cannot reach shop-orders on its port "http"$/,
    );
    await release();
    await eventually(() => assert.equal(callee.agent.lastReport?.ready, true));
  });

  it("writes the names of services once their listeners are open", async () => {
    const caller = await rig.sidecar("shop-web", { hosts: "127.0.0.1\tlocalhost\n" });
    const orders = await outboundService("shop-orders", [], { names: ["orders", "shop-orders"] });
    const nameless = await outboundService("shop-stock", [], {
      ...{ address: "127.64.0.11", names: [] },
    });
    caller.publish({ outbound: [orders, nameless] });
    await eventually(async () => assert.match(await caller.readHosts(), /orders/));
    assert.equal((await call(dialOf(orders))).status, 503);
    assert.equal(
      await caller.readHosts(),
      "127.0.0.1\tlocalhost\n# docker-mesh begin\n127.64.0.10 orders shop-orders\n# docker-mesh end\n",
    );
    await caller.configure({ outbound: [] });
    assert.equal(await caller.readHosts(), "127.0.0.1\tlocalhost\n");
  });

  it("writes them again when Docker has rewritten the file, and keeps what Docker wrote", async () => {
    const caller = await rig.sidecar("shop-web");
    await caller.configure({ outbound: [await outboundService("shop-orders", [])] });
    await writeFile(caller.hostsFile, "127.0.0.1 localhost\n");
    await appendFile(caller.hostsFile, "198.18.0.5 fresh\n");
    await eventually(async () =>
      assert.equal(
        await caller.readHosts(),
        "127.0.0.1 localhost\n198.18.0.5 fresh\n# docker-mesh begin\n127.64.0.10 shop-orders\n# docker-mesh end\n",
      ),
    );
  });

  it("leaves the names when it ends, so that nothing goes past the mesh", async () => {
    const caller = await rig.sidecar("shop-web");
    const orders = await outboundService("shop-orders", []);
    await caller.configure({ outbound: [orders] });
    caller.stop();
    assert.equal(await caller.sidecar.ended, "stopped");
    assert.match(await caller.readHosts(), /^127\.64\.0\.10 shop-orders$/m);
    await assert.rejects(call(dialOf(orders)), { code: "ECONNREFUSED" });
  });

  it("says that the hosts file cannot be written, and serves all the same", async () => {
    const caller = await rig.sidecar("shop-web");
    const orders = await outboundService("shop-orders", []);
    await rm(caller.hostsFile);
    await caller.configure({ outbound: [orders] });
    const { ready, problems } = caller.sidecar.report();
    assert.equal(ready, true);
    assert.match(problems[0] ?? "", /^the hosts file cannot be written \(ENOENT/);
    assert.equal((await call(dialOf(orders))).status, 503);
    await writeFile(caller.hostsFile, "");
    await chmod(caller.hostsFile, 0o644);
    await eventually(() => assert.deepEqual(caller.agent.lastReport?.problems, []));
  });

  it("notices an application that stops working, and one that works again", async () => {
    let status = 200;
    const port = await rig.httpApplication((request, response) => {
      response.writeHead(request.url === "/health" ? status : 500).end();
    });
    const callee = await rig.sidecar("shop-orders");
    assert.equal(callee.sidecar.report().application, "starting");
    const inbound = await inboundPort(port, { check: { kind: "http", path: "/health" } });
    await callee.configure({ inbound: [inbound] });
    await eventually(() => assert.equal(callee.agent.lastReport?.application, "passing"));
    status = 503;
    await eventually(() => assert.equal(callee.agent.lastReport?.application, "critical"));
    assert.equal(
      callee.agent.lastReport?.applicationNote,
      `GET /health on port ${port} failed: expected status 2xx or 3xx, found 503`,
    );
    status = 302;
    await eventually(() => assert.equal(callee.agent.lastReport?.application, "passing"));
  });

  it("ends when its namespace has lost every network", async () => {
    let interfaces: Interfaces = { lo: [LOOPBACK], eth0: [ETHERNET] };
    const sidecar = await rig.sidecar("shop-web", { interfaces: () => interfaces });
    await eventually(() => assert.ok(sidecar.agent.reports.length > 0));
    interfaces = { lo: [LOOPBACK] };
    assert.equal(await sidecar.sidecar.ended, "namespace-left-behind");
  });

  it("finishes what is in flight when it is stopped", async () => {
    const begun = Promise.withResolvers<() => void>();
    const port = await rig.httpApplication((_, response) => {
      response.write("begun ");
      begun.resolve(() => void response.end("and finished"));
    });
    const { at, caller, callee } = await connectPair(rig, port);
    const answer = call(at);
    const finish = await begun.promise;
    caller.stop();
    callee.stop();
    setImmediate(finish);
    assert.equal((await answer).body, "begun and finished");
    assert.deepEqual(await Promise.all([caller.sidecar.ended, callee.sidecar.ended]), [
      "stopped",
      "stopped",
    ]);
  });

  it("does not wait for ever when it is stopped", async () => {
    const port = await rig.tcpApplication((socket) => void socket.write("ready"));
    const { at, callee, caller } = await connectPair(rig, port, "tcp");
    const socket = connect(at);
    socket.on("error", () => undefined);
    await once(socket, "data");
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    callee.stop();
    caller.stop();
    await Promise.all([callee.sidecar.ended, caller.sidecar.ended, closed]);
  });
});
