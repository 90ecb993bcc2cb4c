import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { hostname } from "node:os";
import { after, afterEach, before, describe, it } from "mocha";
import type { Page, ShopAnswer } from "../../compose/demo/shop.ts";
import { eventually } from "../helpers/eventually.ts";
import { DemoService, RedisContainer } from "./demo-processes.ts";

describe("the demo shop", function () {
  this.timeout(30_000);
  let redis: RedisContainer;
  let inventory: DemoService;
  let orders: DemoService;
  let web: DemoService;
  const opened: AsyncDisposable[] = [];

  before(async () => {
    redis = await RedisContainer.start();
    opened.push(redis);
    inventory = await DemoService.start("inventory", {});
    opened.push(inventory);
    orders = await DemoService.start("orders", {
      INVENTORY_URL: inventory.url,
      REDIS_URL: redis.url,
    });
    opened.push(orders);
    web = await DemoService.start("web", { ORDERS_URL: orders.url });
    opened.push(web);
  });

  afterEach(async () => {
    await redis.command("FLUSHALL");
  });

  after(async () => {
    for (const resource of opened.toReversed()) await resource[Symbol.asyncDispose]();
  });

  const view = async (path = "/"): Promise<{ status: number; text: string }> => {
    const response = await fetch(web.url + path);
    return { status: response.status, text: await response.text() };
  };
  const page = async (): Promise<Page> => {
    const { status, text } = await view("/api/page");
    equal(status, 200, text);
    return JSON.parse(text) as Page;
  };
  const buy = (fields: Readonly<Record<string, string>>): Promise<Response> =>
    fetch(`${web.url}/buy`, {
      method: "POST",
      body: new URLSearchParams(fields),
      redirect: "manual",
    });
  const stockOf = (of: Page, product: string): number | undefined =>
    of.products.find(({ id }) => id === product)?.stock;

  it("shows the products, and the replica that knows them", async () => {
    const { status, text } = await view();
    equal(status, 200);
    for (const { name } of (await page()).products) match(text, new RegExp(`<h3>${name}</h3>`));
    equal((await page()).products.length, 4);
    ok(text.includes(`answered by <code>${hostname()}</code>`));
  });

  it("tells its hops, without an identity when no sidecar vouches for one", async () => {
    deepEqual((await page()).hops, [
      { from: "web", to: "orders", replica: hostname() },
      { from: "orders", to: "inventory", replica: hostname() },
    ]);
  });

  it("tells the caller from the nearest sidecar's header", async () => {
    const callerFor = async (header: string): Promise<string | undefined> => {
      const headers = { "x-forwarded-client-cert": header };
      const response = await fetch(`${orders.url}/shop`, { headers });
      return ((await response.json()) as ShopAnswer).caller;
    };
    equal(await callerFor("URI=spiffe://t/svc/web"), "spiffe://t/svc/web");
    equal(await callerFor('By=spiffe://t/x;Hash=1;URI="spiffe://t/svc/web"'), "spiffe://t/svc/web");
    equal(await callerFor("URI=spiffe://t/a,By=spiffe://t/x;URI=spiffe://t/b"), "spiffe://t/b");
    equal(await callerFor("By=spiffe://t/x;URI=https://t/b"), undefined);
  });

  it("takes an order, shows it among the recent ones, and counts the stock", async () => {
    const earlier = await page();
    const response = await buy({ product: "lantern", quantity: "3" });
    equal(response.status, 303);
    const location = response.headers.get("location") ?? "";
    match((await view(location)).text, /Thank you: 3 × Brass lantern/);
    const later = await page();
    equal(later.orders[0]?.productName, "Brass lantern");
    equal(later.orders[0]?.quantity, 3);
    equal(stockOf(later, "lantern"), (stockOf(earlier, "lantern") ?? 0) - 3);
  });

  it("keeps the eight newest orders", async () => {
    for (let quantity = 1; quantity <= 9; quantity += 1) {
      equal((await buy({ product: "mug", quantity: String(quantity) })).status, 303);
    }
    const quantities = (await page()).orders.map((order) => order.quantity);
    deepEqual(quantities, [9, 8, 7, 6, 5, 4, 3, 2]);
  });

  it("never sells more than there is, whoever comes at once", async () => {
    const attempts = Array.from({ length: 12 }, () => buy({ product: "blanket", quantity: "5" }));
    const statuses = (await Promise.all(attempts)).map(({ status }) => status);
    equal(statuses.filter((status) => status === 303).length, 8);
    equal(statuses.filter((status) => status === 409).length, 4);
    equal(stockOf(await page(), "blanket"), 0);
    match((await view()).text, /Sold out/);
  });

  it("refuses a purchase that makes no sense, and stores nothing", async () => {
    for (const quantity of ["0", "10", "-1", "1.5", "1e0", "", "one", "٣"]) {
      equal((await buy({ product: "mug", quantity })).status, 400, `quantity ${quantity}`);
    }
    for (const product of ["", "MUG", "../mug", "m".repeat(32), "<b>"]) {
      equal((await buy({ product, quantity: "1" })).status, 400, `product ${product}`);
    }
    equal((await buy({ product: "submarine", quantity: "1" })).status, 404);
    equal((await buy({})).status, 400);
    deepEqual((await page()).orders, []);
  });

  it("refuses the same in orders, which does not rely on web", async () => {
    for (const body of ["", "[]", "null", "{", '{"product":"mug","quantity":[1]}']) {
      const response = await fetch(`${orders.url}/orders`, { method: "POST", body });
      equal(response.status, 400, body);
    }
  });

  it("refuses a body that is too long, and goes on", async () => {
    equal((await buy({ product: "m".repeat(5_000), quantity: "1" })).status, 413);
    equal((await view()).status, 200);
  });

  it("escapes what it was sent and what it had stored", async () => {
    const hostile = "<img src=x onerror=alert(1)>";
    const refusal = await (await buy({ product: hostile, quantity: "1" })).text();
    const order = { id: hostile, productName: hostile, quantity: 1, placedAt: hostile };
    await redis.command("LPUSH", "orders", JSON.stringify(order));
    for (const text of [refusal, (await view()).text]) {
      doesNotMatch(text, /<img/);
      match(text, /&#60;img/);
    }
  });

  it("takes orders again after Redis was restarted", async () => {
    equal((await buy({ product: "tote", quantity: "1" })).status, 303);
    await redis.restart();
    await eventually(async () => equal((await view()).status, 200));
    equal((await buy({ product: "tote", quantity: "2" })).status, 303);
    equal((await page()).orders[0]?.quantity, 2);
  });

  it("says so when Redis does not answer, and recovers with it", async () => {
    await redis.pause();
    try {
      const { status, text } = await view();
      equal(status, 502);
      match(text, /Redis did not answer in time/);
    } finally {
      await redis.unpause();
    }
    await eventually(async () => equal((await view()).status, 200));
  });

  it("names the service that failed when inventory is gone, and recovers with it", async () => {
    const { port } = inventory;
    equal(await inventory.stop(), 0);
    const { status, text } = await view();
    equal(status, 502);
    match(text, /<strong>inventory<\/strong> did not do its part/);
    equal((await buy({ product: "mug", quantity: "1" })).status, 502);
    inventory = await DemoService.start("inventory", {}, port);
    opened.push(inventory);
    await eventually(async () => equal((await view()).status, 200));
  });

  it("answers health, and 404 for what it does not have", async () => {
    for (const service of [web, orders, inventory]) {
      equal((await fetch(`${service.url}/health`)).status, 200);
      equal((await fetch(`${service.url}/constructor`)).status, 404);
      equal((await fetch(`${service.url}/health`, { method: "DELETE" })).status, 404);
    }
  });
});
