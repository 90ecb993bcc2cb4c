// Policies of snapshots as they take effect on calls: routes, versions, stand-ins, copies, cookies, and what is reported of
// endpoints. What each of them means in detail is tested beside its code.
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import type { OutboundService } from "../../proxy/configuration/snapshot.ts";
import { eventually } from "../helpers/eventually.ts";
import { freePort } from "../helpers/free-port.ts";
import { type Answer, type Call, call } from "../helpers/http-call.ts";
import {
  dialOf,
  inboundPort,
  outboundService,
  SidecarRig,
  type TestSidecar,
} from "../helpers/sidecar-rig.ts";

describe("a policy in force", () => {
  let rig: SidecarRig;
  let caller: TestSidecar;
  beforeEach(async () => {
    rig = await SidecarRig.create();
    caller = await rig.sidecar("shop-web");
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  /** A copy of a service that answers with its name and what it was asked; returns its sidecar's port. */
  const copy = async (service: string, name: string, status = 200): Promise<number> => {
    const answer = (request: IncomingMessage): string =>
      `${name} ${request.url} ${request.headers["x-route"] ?? ""}`.trim();
    const application = await rig.httpApplication((request, response) => {
      response.writeHead(status).end(answer(request));
    });
    const callee = await rig.sidecar(service);
    const inbound = await inboundPort(application);
    await callee.configure({ inbound: [inbound] });
    return inbound.tlsPort;
  };

  /** Versions `v1`, `v2` and so on, one copy each. */
  const versions = (service: OutboundService): OutboundService => ({
    ...service,
    ports: service.ports.map((port) => ({
      ...port,
      endpoints: port.endpoints.map((one, index) => ({ ...one, version: `v${index + 1}` })),
    })),
  });

  const orders = async (
    tlsPorts: readonly number[],
    policy: PolicyDocument,
  ): Promise<OutboundService> =>
    versions(await outboundService("shop-orders", tlsPorts, { policy }));

  const ask = (service: OutboundService, options: Partial<Call> = {}): Promise<Answer> =>
    call({ ...dialOf(service), ...options });

  it("leads requests to the version that their route says, with the changes it makes", async () => {
    const ports = [await copy("shop-orders", "first"), await copy("shop-orders", "second")];
    const service = await orders(ports, {
      split: "v1=100",
      "route.canary.headers": "x-canary=yes",
      "route.canary.split": "v2=100",
      "route.canary.request-set": "x-route=canary",
    });
    await caller.configure({ outbound: [service] });
    for (let sent = 0; sent < 4; sent += 1) {
      assert.equal((await ask(service, { path: "/a" })).body, "first /a");
      const canary = await ask(service, { path: "/a", headers: { "x-canary": "yes" } });
      assert.equal(canary.body, "second /a canary");
    }
  });

  it("changes while requests are under way, and the next one follows it", async () => {
    const ports = [await copy("shop-orders", "first"), await copy("shop-orders", "second")];
    const service = await orders(ports, { split: "v1=100" });
    await caller.configure({ outbound: [service] });
    assert.equal((await ask(service)).body, "first /");
    await caller.configure({ outbound: [{ ...service, policy: { split: "v2=100" } }] });
    assert.equal((await ask(service)).body, "second /");
  });

  it("lets another service stand in while no copy can be used", async () => {
    const spare = await outboundService("shop-spare", [await copy("shop-spare", "spare")], {
      ...{ address: "127.64.0.11", names: [] },
    });
    for (const endpoints of [[], [await freePort()]]) {
      const service = await orders(endpoints, { failover: "shop-spare" });
      await caller.configure({ outbound: [service, spare] });
      const answer = await ask(service, { method: "POST", body: "x" });
      assert.equal(answer.body, "spare /", `${endpoints.length} endpoints`);
    }
  });

  it("copies requests to another service, whose answers nobody sees", async () => {
    const seen: string[] = [];
    const application = await rig.httpApplication(async (request, response) => {
      seen.push(`${request.method} ${request.url} ${await text(request)}`);
      response.writeHead(500).end();
    });
    const callee = await rig.sidecar("shop-shadow");
    const inbound = await inboundPort(application);
    await callee.configure({ inbound: [inbound] });
    const shadow = await outboundService("shop-shadow", [inbound.tlsPort], {
      ...{ address: "127.64.0.11", names: [] },
    });
    const service = await orders([await copy("shop-orders", "first")], {
      "route.all.path-prefix": "/",
      "route.all.mirror": "shop-shadow",
    });
    await caller.configure({ outbound: [service, shadow] });
    assert.equal((await ask(service, { method: "POST", path: "/a", body: "x" })).body, "first /a");
    await eventually(() => assert.deepEqual(seen, ["POST /a x"]));
  });

  it("keeps a client with its cookie on one copy, and gives one without it a cookie", async () => {
    const ports = [await copy("shop-orders", "first"), await copy("shop-orders", "second")];
    const service = await orders(ports, { "balance.sticky-cookie": "shard" });
    await caller.configure({ outbound: [service] });
    const { body, headers } = await ask(service);
    const cookie = headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
    assert.match(cookie, /^shard=/);
    for (let sent = 0; sent < 8; sent += 1) {
      const again = await ask(service, { headers: { cookie } });
      assert.deepEqual([again.body, again.headers["set-cookie"]], [body, undefined]);
    }
  });

  describe("with a cookie that binds clients, and versions", () => {
    const STICKY = { "balance.sticky-cookie": "shard" };

    /** The cookie that the answer sets. */
    const given = ({ headers }: Answer): string | undefined =>
      headers["set-cookie"]?.[0]?.split(";")[0];

    /** A service with two versions; returns it with a client's first cookie, which names a copy of v1. */
    const bound = async (): Promise<[OutboundService, string]> => {
      const ports = [await copy("shop-orders", "first"), await copy("shop-orders", "second")];
      const service = await orders(ports, { ...STICKY, split: "v1=100" });
      await caller.configure({ outbound: [service] });
      return [service, given(await ask(service)) ?? "none"];
    };

    it("keeps a client where it is while others go by their shares", async () => {
      const [service, cookie] = await bound();
      await caller.configure({
        outbound: [{ ...service, policy: { ...STICKY, split: "v1=1, v2=99" } }],
      });
      for (let sent = 0; sent < 12; sent += 1) {
        const again = await ask(service, { headers: { cookie } });
        assert.deepEqual([again.body, given(again)], ["first /", undefined]);
      }
    });

    for (const split of ["v2=100", "v1=0, v2=100"]) {
      it(`leads a client away from a version that gets nothing any more: ${split}`, async () => {
        const [service, cookie] = await bound();
        await caller.configure({ outbound: [{ ...service, policy: { ...STICKY, split } }] });
        const moved = await ask(service, { headers: { cookie } });
        assert.equal(moved.body, "second /");
        assert.match(given(moved) ?? "", /^shard=/);
        assert.notEqual(given(moved), cookie);
      });
    }

    it("binds where another service can stand in, and lets it when it has to", async () => {
      const ports = [await copy("shop-orders", "first"), await copy("shop-orders", "second")];
      const spare = await outboundService("shop-spare", [await copy("shop-spare", "spare")], {
        ...{ address: "127.64.0.11", names: [] },
      });
      const policy = { ...STICKY, failover: "shop-spare" };
      const service = await orders(ports, policy);
      await caller.configure({ outbound: [service, spare] });
      const first = await ask(service);
      const cookie = given(first) ?? "none";
      for (let sent = 0; sent < 8; sent += 1)
        assert.equal((await ask(service, { headers: { cookie } })).body, first.body);
      const empty = service.ports.map((port) => ({ ...port, endpoints: [] }));
      await caller.configure({ outbound: [{ ...service, ports: empty }, spare] });
      assert.equal((await ask(service, { headers: { cookie } })).body, "spare /");
    });
  });

  describe("with a cookie that binds clients, and a service that stands in", () => {
    let primary: number[];
    let spares: readonly string[];
    let standIn: OutboundService;
    let service: OutboundService;
    beforeEach(async () => {
      primary = [await copy("shop-orders", "first"), await copy("shop-orders", "second")];
      spares = ["spare", "other", "third"];
      const ports = [];
      for (const name of spares) ports.push(await copy("shop-spare", name));
      standIn = versions(
        await outboundService("shop-spare", ports, { address: "127.64.0.11", names: [] }),
      );
      service = await orders(primary, {
        ...{ "balance.sticky-cookie": "shard", failover: "shop-spare" },
        "balance.algorithm": "round-robin",
      });
    });

    const given = ({ headers }: Answer): string | undefined =>
      headers["set-cookie"]?.[0]?.split(";")[0];

    /** These copies of the service can be asked, and so can all of the stand-in. */
    const offer = async (
      tlsPorts: readonly number[],
      policy: PolicyDocument = {},
    ): Promise<void> => {
      const { ports } = await orders(tlsPorts, {});
      const endpoints = ports[0]?.endpoints ?? [];
      const offered = service.ports.map((port) => ({ ...port, endpoints }));
      const spare = { ...standIn, policy: { "balance.algorithm": "round-robin", ...policy } };
      await caller.configure({ outbound: [{ ...service, ports: offered }, spare] });
    };

    /** Who answers as many requests with that cookie, and which cookies they are given. */
    const answers = async (cookie: string, count: number): Promise<readonly unknown[]> => {
      const seen = new Set<unknown>();
      for (let sent = 0; sent < count; sent += 1) {
        const answer = await ask(service, { headers: { cookie } });
        seen.add(answer.body).add(given(answer));
      }
      return [...seen];
    };

    for (const [name, tlsPorts] of [
      ["has no copy", () => []],
      ["has a copy that cannot be reached", async () => [await freePort()]],
    ] as const) {
      it(`keeps a client on one copy of the stand-in while the service ${name}`, async () => {
        await offer(await tlsPorts());
        const first = await ask(service);
        assert.ok(spares.some((spare) => first.body === `${spare} /`));
        assert.deepEqual(await answers(given(first) ?? "none", 8), [first.body, undefined]);
      });
    }

    it("leads it back to the service once that has a copy again, and keeps it there", async () => {
      await offer([]);
      const cookie = given(await ask(service)) ?? "none";
      await offer(primary);
      const back = await ask(service, { headers: { cookie } });
      assert.match(back.body, /^(?:first|second) /);
      assert.notEqual(given(back), undefined);
      assert.notEqual(given(back), cookie);
      assert.deepEqual(await answers(given(back) ?? "none", 8), [back.body, undefined]);
    });

    it("is asked anew where the cookie names no copy of the stand-in", async () => {
      await offer(primary);
      const cookie = given(await ask(service)) ?? "none";
      await offer([]);
      const moved = await ask(service, { headers: { cookie } });
      assert.notEqual(given(moved), undefined);
      assert.deepEqual(await answers(given(moved) ?? "none", 8), [moved.body, undefined]);
    });

    it("is not bound to a version of the stand-in that gets nothing", async () => {
      await offer([], { split: "v2=100" });
      const second = await ask(service);
      assert.equal(second.body, "other /");
      await offer([], { split: "v3=100" });
      const third = await ask(service, { headers: { cookie: given(second) ?? "none" } });
      assert.equal(third.body, "third /");
      assert.notEqual(given(third), given(second));
    });
  });

  it("keeps what has one key on one copy", async () => {
    const ports = [
      await copy("shop-orders", "first"),
      await copy("shop-orders", "second"),
      await copy("shop-orders", "third"),
    ];
    const service = await orders(ports, {
      "balance.algorithm": "ring-hash",
      "balance.hash-on": "header:x-user",
    });
    await caller.configure({ outbound: [service] });
    const places = new Map<string, string>();
    for (let sent = 0; sent < 40; sent += 1) {
      const user = `user-${sent % 20}`;
      const { body } = await ask(service, { headers: { "x-user": user } });
      assert.equal(places.get(user) ?? body, body);
      places.set(user, body);
    }
    assert.ok(new Set(places.values()).size > 1);
  });

  it("takes a copy that fails out, and says so, while the others go on", async () => {
    const ports = [await copy("shop-orders", "ill", 500), await copy("shop-orders", "well")];
    const service = await orders(ports, {
      "balance.algorithm": "round-robin",
      "outlier.consecutive-5xx": "3",
    });
    await caller.configure({ outbound: [service] });
    for (let sent = 0; sent < 6; sent += 1) await ask(service);
    for (let sent = 0; sent < 6; sent += 1) assert.equal((await ask(service)).body, "well /");
    await eventually(() => {
      const states = caller.agent.lastReport?.endpoints.map(({ state, share }) => [state, share]);
      assert.deepEqual(states, [
        ["ejected", 0],
        ["healthy", 100],
      ]);
    });
  });

  it("takes a copy out that byte streams cannot reach", async () => {
    const echo = await rig.tcpApplication((socket) => void socket.end("hello"));
    const callee = await rig.sidecar("shop-orders");
    const inbound = await inboundPort(echo, { protocol: "tcp" });
    await callee.configure({ inbound: [inbound] });
    const service = await outboundService("shop-orders", [await freePort(), inbound.tlsPort], {
      protocol: "tcp",
      policy: { "balance.algorithm": "round-robin", "outlier.consecutive-connect-failures": "2" },
    });
    await caller.configure({ outbound: [service] });
    for (let opened = 0; opened < 6; opened += 1)
      assert.equal(await text(connect(dialOf(service))), "hello");
    const [first] = caller.sidecar.report().endpoints;
    assert.equal(first?.state, "ejected");
    assert.equal(caller.sidecar.report().counters.outboundFailed, 0);
  });
});
