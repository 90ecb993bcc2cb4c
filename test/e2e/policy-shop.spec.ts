// The demo shop under policies that are set while visitors look at it.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { meshCommand } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { Shop } from "../helpers/shop.ts";

describe("the demo shop under policies", () => {
  let mesh: Mesh;
  let shop: Shop;
  let inventory: string;
  let orders: string;

  before(async () => {
    mesh = await Mesh.start();
    shop = await Shop.up();
    await mesh.untilReady(shop.services);
    inventory = `${shop.name}-inventory`;
    orders = `${shop.name}-orders`;
  });

  after(async () => {
    await shop?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  afterEach(async () => {
    for (const service of [inventory, orders]) {
      const text = await meshCommand("policy", "get", service, "--format", "json");
      const names = Object.keys((JSON.parse(text) as { document: object }).document);
      if (names.length > 0) await meshCommand("policy", "unset", service, ...names);
    }
    await eventually(async () => void (await shop.view()));
  });

  it("is complete when each service lets in whom it works for", async () => {
    await meshCommand("policy", "set", inventory, "allow=orders");
    await meshCommand("policy", "set", orders, "allow=web");
    await shop.view();
    await meshCommand("policy", "set", inventory, "allow=web");
    await eventually(async () => await assert.rejects(shop.view()));
  });

  it("is closed while orders is broken on purpose, and open again afterwards", async () => {
    await meshCommand("policy", "set", orders, "route.all.abort=503");
    await eventually(async () => await assert.rejects(shop.view(), /503|502/));
    await meshCommand("policy", "unset", orders, "route.all.abort");
    await eventually(async () => void (await shop.view()));
  });

  it("takes each replica in turn when it is told to", async () => {
    await meshCommand("policy", "set", inventory, "balance.algorithm=round-robin");
    await eventually(async () => {
      const counts = new Map<string, number>();
      for (let view = 0; view < 10; view += 1) {
        const { hops } = await shop.page();
        const replica = hops.find(({ to }) => to === "inventory")?.replica ?? "";
        counts.set(replica, (counts.get(replica) ?? 0) + 1);
      }
      assert.deepEqual([...counts.values()], [5, 5]);
    });
  });

  it("shows how orders sees the replicas of inventory", async () => {
    await shop.view();
    await eventually(async () => {
      const text = await meshCommand("endpoints", inventory, "--format", "json");
      const listed = JSON.parse(text) as { caller: string; state: string }[];
      const seen = listed.filter(({ caller }) => caller.includes("orders"));
      assert.deepEqual(
        seen.map(({ state }) => state),
        ["healthy", "healthy"],
        text,
      );
    });
  });
});
