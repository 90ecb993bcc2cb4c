// The demo through the mesh: every hop over mutual TLS, visible in Consul, and unimpressed by a replica that goes.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { capture } from "../helpers/capture.ts";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh, Visitor } from "../helpers/mesh.ts";
import { Shop } from "../helpers/shop.ts";

const TLS_RECORD_TYPES = new Set([20, 21, 22, 23]);

describe("the demo shop", () => {
  let mesh: Mesh;
  let shop: Shop;

  before(async () => {
    mesh = await Mesh.start();
    shop = await Shop.up();
    await mesh.untilReady(shop.services);
  });

  after(async () => {
    await shop?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  it("serves its page, and each hop knows its caller by SPIFFE id", async () => {
    assert.match(await shop.view(), /<html/);
    const { hops } = await shop.page();
    const callers = hops.map(({ from, to, identity }) => ({
      from,
      to,
      caller: identity?.split("/svc/")[1],
    }));
    assert.ok(
      callers.some(
        ({ from, to, caller }) =>
          from === "web" && to === "orders" && caller === `${shop.name}-web`,
      ),
      JSON.stringify(hops),
    );
    assert.ok(
      callers.some(
        ({ from, to, caller }) =>
          from === "orders" && to === "inventory" && caller === `${shop.name}-orders`,
      ),
      JSON.stringify(hops),
    );
  });

  it("counts the requests of each hop as mutual TLS, Redis over TCP among them", async () => {
    await shop.view();
    await eventually(
      async () => {
        const { workloads } = await mesh.status();
        for (const service of ["orders", "inventory", "redis"]) {
          const counts = workloads
            .filter((w) => w.service === `${shop.name}-${service}`)
            .map(({ requests }) => requests);
          assert.ok(
            counts.some(({ inboundTls }) => inboundTls > 0),
            `${service}: ${JSON.stringify(counts)}`,
          );
          assert.ok(
            counts.every(({ inboundPlaintext }) => inboundPlaintext === 0),
            `${service}: ${JSON.stringify(counts)}`,
          );
        }
      },
      { timeout: 15_000 },
    );
  });

  it("shares requests between the replicas of inventory", async () => {
    const replicas = new Set<string>();
    // Peak EWMA asks a replica whose first answer took long again only as its decay time of 10 s goes by.
    await eventually(
      async () => {
        const { hops } = await shop.page();
        replicas.add(hops.find(({ to }) => to === "inventory")?.replica ?? "");
        assert.equal(replicas.size, 2);
      },
      { timeout: 60_000 },
    );
  });

  it("sends nothing but TLS between sidecars", async () => {
    const [orders] = await shop.containersOf("orders");
    const packets = await capture(String(orders), async () => {
      for (let view = 0; view < 5; view += 1) await shop.view();
    });
    const payloads = packets.filter(({ payload }) => payload.length > 0);
    assert.ok(payloads.length >= 20, `expected traffic, captured ${payloads.length} packets`);
    for (const { payload, sourcePort, destinationPort } of payloads) {
      assert.doesNotMatch(
        payload.toString("latin1"),
        /HTTP\/1\.1|GET \/|spiffe:/,
        `plaintext ${sourcePort} → ${destinationPort}`,
      );
      assert.ok(
        [sourcePort, destinationPort].some((port) => port >= 21_000 && port < 21_100),
        `${sourcePort} → ${destinationPort} is not a sidecar's port`,
      );
    }
    const starts = payloads.filter(
      ({ payload }) => TLS_RECORD_TYPES.has(payload[0] ?? 0) && payload[1] === 3,
    );
    assert.ok(starts.length > 0, "expected TLS records");
  });

  it("shows services and their sidecar proxies as healthy in Consul's UI", async () => {
    const response = await fetch(`${mesh.consulAddress}/v1/internal/ui/services?dc=dc1`);
    const listed = (await response.json()) as {
      Name: string;
      Kind?: string;
      ChecksCritical: number;
      ChecksPassing: number;
    }[];
    for (const service of Object.keys(shop.services)) {
      const plain = listed.find(({ Name }) => Name === service);
      const proxy = listed.find(({ Name }) => Name === `${service}-sidecar-proxy`);
      assert.ok(
        plain !== undefined && plain.ChecksCritical === 0 && plain.ChecksPassing > 0,
        `${service}: ${JSON.stringify(plain)}`,
      );
      assert.ok(
        proxy !== undefined && proxy.ChecksCritical === 0 && proxy.ChecksPassing > 0,
        `${service}: ${JSON.stringify(proxy)}`,
      );
    }
    assert.equal((await fetch(`${mesh.consulAddress}/ui/`)).status, 200);
  });

  for (const [how, ...command] of [
    ["stopped", "stop"],
    ["killed", "kill"],
    ["removed while it serves", "rm", "-f"],
  ] as const) {
    it(`does not show on the page that a replica of inventory is ${how}`, async () => {
      const [first] = await shop.containersOf("inventory");
      const visitor = new Visitor(async () => void (await shop.view()));
      await eventually(() => assert.ok(visitor.served > 20), { timeout: 15_000 });
      await docker(...command, String(first));
      const { served } = visitor;
      await eventually(() => assert.ok(visitor.served > served + 50), { timeout: 15_000 });
      await shop.compose("up", "-d", "--no-recreate");
      await mesh.untilReady(shop.services);
      await visitor.stop();
      assert.deepEqual(visitor.failures, []);
    });
  }

  it("leaves nothing behind when the project goes down", async () => {
    await shop.compose("down", "--volumes", "--timeout", "2");
    await eventually(
      async () => {
        assert.equal(await docker("ps", "-aq", "--filter", "label=docker-mesh.role=sidecar"), "");
        const services = (await (
          await fetch(`${mesh.consulAddress}/v1/catalog/services`)
        ).json()) as object;
        assert.deepEqual(Object.keys(services), ["consul", "docker-mesh-agent"]);
      },
      { timeout: 20_000 },
    );
  });
});
