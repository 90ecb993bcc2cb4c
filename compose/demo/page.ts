// The page as a pure function of what it shows. Looks live in style.ts, pictures in icons.ts.
import { type Html, html } from "./html.ts";
import { icon } from "./icons.ts";
import type { Hop, Order, Page, Product } from "./shop.ts";
import { STYLE } from "./style.ts";

const PRICE = new Intl.NumberFormat("en", { style: "currency", currency: "EUR" });
const MUTUAL_TLS: Html = html`<span class="badge secure">mTLS ✓</span>`;
const PLAINTEXT: Html = html`<span class="badge plain">plaintext</span>`;
const QUANTITIES = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/** The whole document; `bought` is the id of the order that has just been placed, if one has. */
export function renderPage(page: Page, bought: string | undefined): string {
  const order = page.orders.find(({ id }) => id === bought);
  return renderDocument(
    "Quayside Supply",
    html`
      ${order === undefined ? "" : renderThanks(order)}
      <section aria-labelledby="path">
        <h2 id="path">How this page came about</h2>
        <ol class="hops">${page.hops.map(renderHop)}${renderRedis()}</ol>
      </section>
      <section aria-labelledby="products">
        <h2 id="products">Products</h2>
        <ul class="products">${page.products.map(renderProduct)}</ul>
      </section>
      <section aria-labelledby="recent">
        <h2 id="recent">Recent orders</h2>
        ${renderOrders(page.orders)}
      </section>`,
  );
}

/** The document for a request that failed; `dependency` is the service to blame, when it is another one. */
export function renderError(title: string, reason: string, dependency: string | undefined): string {
  const advice =
    dependency === undefined
      ? html`Nothing was ordered.`
      : html`<strong>${dependency}</strong> did not do its part. Try again in a moment, and look at
          your recent orders before you order again.`;
  return renderDocument(
    title,
    html`<section class="card failure" role="alert">
      <h2>${title}</h2>
      <p class="reason">${sentence(reason)}</p>
      <p>${advice}</p>
      <p><a class="button" href="/">Back to the shop</a></p>
    </section>`,
  );
}

function renderDocument(title: string, main: Html): string {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
    <style>${STYLE}</style>
  </head>
  <body>
    <header>
      <a class="brand" href="/">${icon("anchor")} Quayside Supply</a>
      <p>Good things for small boats and small kitchens.</p>
    </header>
    <main>${main}</main>
    <footer>A demo of docker-mesh: three small services and Redis.</footer>
  </body>
</html>
`.text;
}

function renderThanks(order: Order): Html {
  return html`<p class="card thanks" role="status">
    <span class="tick" aria-hidden="true">✓</span>
    <span>Thank you: ${order.quantity} × ${order.productName}, order <code>${order.id}</code>.</span>
  </p>`;
}

function renderProduct(product: Product): Html {
  return html`<li class="card product">
    <div class="picture">${icon(product.id)}</div>
    <h3>${product.name}</h3>
    <p class="description">${product.description}</p>
    <p class="facts">
      <span class="price">${PRICE.format(product.priceCents / 100)}</span>
      <span class="stock">${product.stock > 0 ? `${product.stock} in stock` : "Sold out"}</span>
    </p>
    ${product.stock > 0 ? renderBuyForm(product) : ""}
  </li>`;
}

function renderBuyForm(product: Product): Html {
  const quantities = QUANTITIES.filter((quantity) => quantity <= product.stock);
  return html`<form method="post" action="/buy">
    <input type="hidden" name="product" value="${product.id}">
    <select name="quantity" aria-label="Quantity of ${product.name}">
      ${quantities.map((quantity) => html`<option>${quantity}</option>`)}
    </select>
    <button aria-label="Buy ${product.name}">Buy</button>
  </form>`;
}

function renderOrders(orders: readonly Order[]): Html {
  if (orders.length === 0)
    return html`<p class="card empty">None yet. Yours could be the first.</p>`;
  const rows = orders.map(
    (order) => html`<li>
      <span>${order.quantity} × ${order.productName}</span>
      <code>${order.id}</code>
      <time datetime="${order.placedAt}">${order.placedAt.slice(11, 19)} UTC</time>
    </li>`,
  );
  return html`<ul class="card orders">${rows}</ul>`;
}

function renderHop(hop: Hop): Html {
  return html`<li class="card hop">
    <p class="route">
      <span>${hop.from} <span aria-label="calls">→</span> ${hop.to}</span>
      ${hop.identity === undefined ? PLAINTEXT : MUTUAL_TLS}
    </p>
    <p>${renderIdentity(hop)}</p>
    <p>answered by <code>${hop.replica}</code></p>
  </li>`;
}

function renderIdentity(hop: Hop): Html {
  if (hop.identity === undefined) return html`${hop.to} cannot tell who called`;
  const nameStart = hop.identity.lastIndexOf("/") + 1;
  const [path, name] = [hop.identity.slice(0, nameStart), hop.identity.slice(nameStart)];
  return html`<code>${path}<strong>${name}</strong></code>`;
}

/** Redis is asked too, but in a byte stream nothing tells the callee who calls. */
function renderRedis(): Html {
  return html`<li class="card hop">
    <p class="route"><span>orders <span aria-label="calls">→</span> redis</span>
      <span class="badge">TCP</span></p>
    <p>keeps the orders and what is left; a byte stream has no header to name the caller</p>
  </li>`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
