// web: the page. Everything on it comes from orders, asked anew for each view.
import { call, DependencyError } from "./call.ts";
import { HttpError, json, type Reply, readBody, serve } from "./http.ts";
import { renderError, renderPage } from "./page.ts";
import { type Order, type Page, parsePurchase, type ShopAnswer } from "./shop.ts";

/** A little longer than orders waits for its own dependencies, so that the one that failed is the one to be named. */
const TIMEOUT = 2_500;

const ordersUrl = process.env["ORDERS_URL"] ?? "http://orders:8080";

serve(
  "web",
  {
    "GET /": async (request) => html(200, renderPage(await getPage(), boughtOrder(request.url))),
    "GET /api/page": async () => json(200, await getPage()),
    "POST /buy": async (request) => buy(await readBody(request)),
  },
  answerError,
);

async function getPage(): Promise<Page> {
  const shop = await call<ShopAnswer>("orders", `${ordersUrl}/shop`, {
    signal: AbortSignal.timeout(TIMEOUT),
  });
  const firstHop = { from: "web", to: "orders", replica: shop.replica, identity: shop.caller };
  return { products: shop.products, orders: shop.orders, hops: [firstHop, ...shop.hops] };
}

/** Answers with a redirect, so that reloading the page does not buy again. */
async function buy(form: string): Promise<Reply> {
  const fields = new URLSearchParams(form);
  const order = await call<Order>("orders", `${ordersUrl}/orders`, {
    signal: AbortSignal.timeout(TIMEOUT),
    body: parsePurchase(fields.get("product"), fields.get("quantity")),
  });
  return {
    status: 303,
    headers: { location: `/?bought=${encodeURIComponent(order.id)}` },
    body: "",
  };
}

function boughtOrder(url: string | undefined): string | undefined {
  return new URL(url ?? "/", "http://web").searchParams.get("bought") ?? undefined;
}

function answerError(error: unknown): Reply {
  if (error instanceof HttpError) {
    return html(error.status, renderError("That did not work", error.message, undefined));
  }
  console.error(error);
  if (error instanceof DependencyError) {
    return html(
      502,
      renderError("The shop is closed for a moment", error.message, error.dependency),
    );
  }
  return html(500, renderError("Something went wrong", "the fault is in web itself", undefined));
}

function html(status: number, body: string): Reply {
  return {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
    },
    body,
  };
}
