// Routes as an application sees them: what it calls goes through its sidecar to the sidecars of versions and services,
// all over real sockets.
import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "mocha";
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import type { Endpoint, InboundPort, OutboundService } from "../../proxy/configuration/snapshot.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Answer, type Call, call } from "../helpers/http-call.ts";
import {
  dialOf,
  inboundPort,
  outboundService,
  SidecarRig,
  type TestSidecar,
} from "../helpers/sidecar-rig.ts";

/** What a workload was asked, and how it names itself in its answers. */
interface Workload {
  readonly name: string;
  readonly seen: string[];
  readonly inbound: InboundPort;
}

type Options = Omit<Call, "host" | "port">;

const GONE: Endpoint = {
  ...{ id: "gone", address: "127.0.0.1", port: 1, version: undefined, weight: 1, sameNode: true },
};

describe("requests to a service with routes", () => {
  let rig: SidecarRig;
  let caller: TestSidecar;
  let v1: Workload;
  let v2: Workload;
  let backup: Workload;

  before(async () => {
    rig = await SidecarRig.create();
    caller = await rig.sidecar("shop-web");
    v1 = await workload("shop-orders", "v1");
    v2 = await workload("shop-orders", "v2");
    backup = await workload("shop-backup", "backup");
  });

  after(async () => {
    await rig[Symbol.asyncDispose]();
  });

  const workload = async (service: string, name: string): Promise<Workload> => {
    const seen: string[] = [];
    const port = await rig.httpApplication(async (request, response) => {
      const body = await text(request);
      seen.push(`${request.method} ${request.url} ${body}`.trim());
      response.setHeader("x-workload", name);
      response.setHeader("server", "secret/1.0");
      response.end(JSON.stringify({ url: request.url, headers: request.headers }));
    });
    const inbound = await inboundPort(port);
    const callee = await rig.sidecar(service);
    await callee.configure({ inbound: [inbound] });
    return { name, seen, inbound };
  };

  const endpointOf = ({ name, inbound }: Workload): Endpoint => ({
    ...{ id: `shop-${name}`, address: "127.0.0.1", port: inbound.tlsPort },
    ...{ version: name, weight: 1, sameNode: true },
  });

  /** Puts a policy of `shop-orders` in force, and returns what the application dials. */
  const follow = async (
    policy: PolicyDocument,
    endpoints: readonly Endpoint[] = [endpointOf(v1), endpointOf(v2)],
  ): Promise<OutboundService> => {
    const [orders, standIn] = await Promise.all([
      outboundService("shop-orders", [], { policy }),
      outboundService("shop-backup", [], { address: "127.64.0.11" }),
    ]);
    const at = (service: OutboundService, list: readonly Endpoint[]): OutboundService => ({
      ...service,
      ports: service.ports.map((port) => ({ ...port, endpoints: list })),
    });
    await caller.configure({
      outbound: [at(orders, endpoints), at(standIn, [endpointOf(backup)])],
    });
    for (const { seen } of [v1, v2, backup]) seen.length = 0;
    return orders;
  };

  const ask = (service: OutboundService, options: Options = {}): Promise<Answer> =>
    call({ ...dialOf(service), ...options });

  /** Who answered. */
  const answering = async (
    service: OutboundService,
    count: number,
    options: Options = {},
  ): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {};
    for (let round = 0; round < count; round += 1) {
      const { status, headers } = await ask(service, options);
      const who = headers["x-workload"]?.toString() ?? String(status);
      counts[who] = (counts[who] ?? 0) + 1;
    }
    return counts;
  };

  it("are shared out between versions by weight", async () => {
    const orders = await follow({ split: "v1=90,v2=10" });
    const counts = await answering(orders, 300);
    // Five standard deviations around 30.
    const second = counts["v2"] ?? 0;
    assert.ok(second >= 4 && second <= 56, JSON.stringify(counts));
    assert.equal((counts["v1"] ?? 0) + second, 300);
  });

  it("go to the canary when they ask for it, however the shares are", async () => {
    const orders = await follow({
      split: "v1=100",
      "route.canary.headers": "x-canary=yes",
      "route.canary.split": "v2=100",
    });
    assert.deepEqual(await answering(orders, 10), { v1: 10 });
    assert.deepEqual(await answering(orders, 10, { headers: { "x-canary": "yes" } }), { v2: 10 });
    const twice = { headers: { "x-canary": ["yes", "no"] } };
    assert.deepEqual(await answering(orders, 3, twice), { v1: 3 });
  });

  it("go to another service by path, whatever the spelling of the path", async () => {
    const orders = await follow({
      "route.far.path-prefix": "/far/",
      "route.far.service": "shop-backup",
      "route.gone.path": "/gone",
      "route.gone.service": "shop-nowhere",
    });
    for (const path of ["/far/x", "/x/../far/x", "/%66ar/", "/far//x"])
      assert.deepEqual(await answering(orders, 1, { path }), { backup: 1 }, path);
    assert.equal(backup.seen[1], "GET /x/../far/x", "what is not rewritten goes on as it was");
    assert.equal((await ask(orders, { path: "/near" })).headers["x-workload"]?.[0], "v");
    const gone = await ask(orders, { path: "/gone" });
    assert.deepEqual([gone.status, gone.headers["x-mesh-failure"]], [503, "NO_HEALTHY_ENDPOINT"]);
    assert.match(gone.body, /shop-nowhere/);
  });

  it("go to a stand-in while no endpoint can be used or reached", async () => {
    const policy = { failover: "shop-backup" };
    assert.equal((await answering(await follow(policy), 5))["backup"], undefined);
    assert.deepEqual(await answering(await follow(policy, []), 5), { backup: 5 });
    assert.deepEqual(await answering(await follow(policy, [GONE]), 5), { backup: 5 });
  });

  it("leave a version whose endpoints cannot be reached", async () => {
    const policy = { split: "v1=0,v9=100" };
    const orders = await follow(policy, [endpointOf(v1), { ...GONE, version: "v9" }]);
    assert.deepEqual(await answering(orders, 5), { v1: 5 });
  });

  it("are copied, body and all, to where nobody hears the answer", async () => {
    const orders = await follow({ split: "v1=100", "route.all.mirror": "shop-backup" });
    const answer = await ask(orders, { method: "POST", path: "/pay?a=1", body: "a coin" });
    assert.equal(answer.headers["x-workload"], "v1");
    await eventually(() => assert.deepEqual(backup.seen, ["POST /pay?a=1 a coin"]));
    assert.deepEqual(v1.seen, ["POST /pay?a=1 a coin"]);
  });

  it("are answered whether or not there is somebody for the copy", async () => {
    const orders = await follow({ split: "v1=100", "route.all.mirror": "@v9" });
    assert.deepEqual(await answering(orders, 3), { v1: 3 });
  });

  it("are sent elsewhere", async () => {
    const orders = await follow({
      "route.moved.path": "/old",
      "route.moved.redirect": "https://shop.example/new",
      "route.moved.redirect-status": "308",
    });
    const answer = await ask(orders, { path: "/old?a=1" });
    assert.equal(answer.status, 308);
    assert.equal(answer.headers["location"], "https://shop.example/new?a=1");
    assert.equal(answer.headers["x-mesh-failure"], undefined);
    assert.deepEqual([v1.seen, v2.seen], [[], []]);
  });

  it("have their paths rewritten, whatever the spelling", async () => {
    const orders = await follow({
      split: "v1=100",
      "route.old.path-prefix": "/v1/",
      "route.old.rewrite": "/",
    });
    for (const path of ["/v1/items?a=%2F", "/%76%31/items?a=%2F", "//v1/items", "/v1/%2e%2e/items"])
      await ask(orders, { path });
    assert.deepEqual(v1.seen, [
      ...["GET /items?a=%2F", "GET /items?a=%2F", "GET //v1/items", "GET /v1/%2e%2e/items"],
    ]);
  });

  it("have fields changed on the way there and back", async () => {
    const orders = await follow({
      "route.all.request-set": "x-tier=gold",
      "route.all.request-add": "x-seen=mesh",
      "route.all.request-remove": "x-debug",
      "route.all.response-set": "x-answered=by the mesh",
      "route.all.response-remove": "server",
    });
    const headers = { "x-tier": "none", "x-seen": "me", "x-debug": "1", connection: "x-tier" };
    const { body, headers: answered } = await ask(orders, { headers });
    const seen = (JSON.parse(body) as { headers: Record<string, string> }).headers;
    assert.equal(seen["x-tier"], "gold");
    assert.equal(seen["x-seen"], "me, mesh");
    assert.equal(seen["x-debug"], undefined);
    assert.equal(answered["x-answered"], "by the mesh");
    assert.equal(answered["server"], undefined);
  });

  it("fail and wait on purpose", async () => {
    const orders = await follow({
      split: "v1=100",
      "route.broken.path": "/broken",
      "route.broken.abort": "418",
      "route.empty.path": "/empty",
      "route.empty.abort": "204",
      "route.slow.path": "/slow",
      "route.slow.delay": "60ms",
    });
    const broken = await ask(orders, { path: "/broken" });
    assert.deepEqual([broken.status, broken.headers["x-mesh-failure"]], [418, "FAULT_INJECTED"]);
    assert.equal((await ask(orders, { path: "/empty" })).status, 204);
    assert.deepEqual(v1.seen, []);
    const began = performance.now();
    assert.equal((await ask(orders, { path: "/slow" })).status, 200);
    assert.ok(performance.now() - began >= 59);
    assert.deepEqual(v1.seen, ["GET /slow"]);
  });

  it("are given up when their route's time is over", async () => {
    const orders = await follow({
      "route.slow.path": "/slow",
      "route.slow.delay": "10s",
      "route.slow.timeout": "50ms",
    });
    const answer = await ask(orders, { path: "/slow" });
    assert.deepEqual([answer.status, answer.headers["x-mesh-failure"]], [504, "REQUEST_TIMED_OUT"]);
  });
});
