// orders: knows what was bought and so what is left. Asks inventory for the products, keeps orders in Redis.
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { call, DependencyError, jsonError, parseJson } from "./call.ts";
import {
  callerIdentity,
  HttpError,
  json,
  type Reply,
  readBody,
  replicaName,
  serve,
} from "./http.ts";
import { RedisClient } from "./redis.ts";
import { ReplyError } from "./resp.ts";
import {
  type CatalogAnswer,
  type Order,
  type Product,
  parsePurchase,
  type ShopAnswer,
} from "./shop.ts";

/** For all that a request needs from others, in milliseconds. */
const TIMEOUT = 2_000;
const RECENT_ORDERS = 8;

/** Takes from the stock and records the order, or neither: KEYS sold, recent; ARGV quantity, stock, order, kept. */
const PLACE_ORDER = `
if redis.call("INCRBY", KEYS[1], ARGV[1]) > tonumber(ARGV[2]) then
  redis.call("DECRBY", KEYS[1], ARGV[1])
  return 0
end
redis.call("LPUSH", KEYS[2], ARGV[3])
redis.call("LTRIM", KEYS[2], 0, ARGV[4] - 1)
return 1`;

const inventoryUrl = process.env["INVENTORY_URL"] ?? "http://inventory:8080";
const redis = new RedisClient(process.env["REDIS_URL"] ?? "redis://redis:6379");

serve("orders", { "GET /shop": getShop, "POST /orders": postOrder }, jsonError, () =>
  redis.close(),
);

async function getShop(request: IncomingMessage): Promise<Reply> {
  const signal = AbortSignal.timeout(TIMEOUT);
  const [catalog, orders] = await Promise.all([getCatalog(signal), recentOrders(signal)]);
  return json(200, {
    replica: replicaName(),
    caller: callerIdentity(request),
    products: await withStockLeft(catalog.products, signal),
    orders,
    hops: [{ from: "orders", to: "inventory", replica: catalog.replica, identity: catalog.caller }],
  } satisfies ShopAnswer);
}

async function postOrder(request: IncomingMessage): Promise<Reply> {
  const body: { product?: unknown; quantity?: unknown } = parseJson(await readBody(request)) ?? {};
  const purchase = parsePurchase(body.product, body.quantity);
  const signal = AbortSignal.timeout(TIMEOUT);
  const { products } = await getCatalog(signal);
  const product = products.find(({ id }) => id === purchase.product);
  if (product === undefined) throw new HttpError(404, `there is no product ${purchase.product}`);
  const order: Order = {
    id: randomUUID().slice(0, 8),
    productId: product.id,
    productName: product.name,
    quantity: purchase.quantity,
    placedAt: new Date().toISOString(),
  };
  if (!(await place(order, product.stock, signal))) {
    throw new HttpError(409, `there is not enough ${product.name} left`);
  }
  return json(201, order);
}

function getCatalog(signal: AbortSignal): Promise<CatalogAnswer> {
  return call<CatalogAnswer>("inventory", `${inventoryUrl}/products`, { signal });
}

async function withStockLeft(
  products: readonly Product[],
  signal: AbortSignal,
): Promise<readonly Product[]> {
  const sold = await command(["MGET", ...products.map(({ id }) => soldKey(id))], signal);
  const counts = Array.isArray(sold) ? sold : [];
  return products.map((product, index) => ({
    ...product,
    stock: product.stock - Number(counts[index] ?? 0),
  }));
}

async function recentOrders(signal: AbortSignal): Promise<readonly Order[]> {
  const stored = await command(["LRANGE", "orders", "0", String(RECENT_ORDERS - 1)], signal);
  return (Array.isArray(stored) ? stored : []).map((text) => JSON.parse(String(text)) as Order);
}

async function place(order: Order, stock: number, signal: AbortSignal): Promise<boolean> {
  const keys = [soldKey(order.productId), "orders"];
  const values = [order.quantity, stock, JSON.stringify(order), RECENT_ORDERS].map(String);
  return (await command(["EVAL", PLACE_ORDER, "2", ...keys, ...values], signal)) === 1;
}

function soldKey(product: string): string {
  return `sold:${product}`;
}

async function command(words: readonly string[], signal: AbortSignal): Promise<unknown> {
  const reply = await redis.command(words, signal).catch((cause: unknown) => {
    const reason = signal.aborted ? "did not answer in time" : "could not be reached";
    throw new DependencyError("redis", `redis ${reason}`, { cause });
  });
  if (reply instanceof ReplyError) {
    throw new DependencyError("redis", `redis refused: ${reply.message}`, { cause: reply });
  }
  return reply;
}
