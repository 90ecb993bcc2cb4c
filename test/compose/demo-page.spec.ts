import { doesNotMatch, equal, match } from "node:assert/strict";
import { describe, it } from "mocha";
import { renderError, renderPage } from "../../compose/demo/page.ts";
import type { Page } from "../../compose/demo/shop.ts";

const HOSTILE = `"'><script>alert(1)</script>&`;
const PAGE: Page = {
  products: [
    { id: "mug", name: "Mug", description: "For tea.", priceCents: 1405, stock: 3 },
    { id: "tote", name: "Tote", description: "For tins.", priceCents: 900, stock: 0 },
  ],
  orders: [
    {
      id: "a1b2c3d4",
      productId: "mug",
      productName: "Mug",
      quantity: 2,
      placedAt: "2026-01-02T03:04:05.678Z",
    },
  ],
  hops: [
    { from: "web", to: "orders", replica: "first", identity: "spiffe://t.consul/svc/shop-web" },
    { from: "orders", to: "inventory", replica: "second" },
  ],
};

describe("the demo's page", () => {
  it("tells for each hop who answered and as whom the caller was seen", () => {
    const [secure = "", plain = ""] = renderPage(PAGE, undefined)
      .split("<li")
      .filter((item) => item.includes("answered by"));
    match(secure, /mTLS ✓/);
    match(secure, /spiffe:\/\/t\.consul\/svc\/<strong>shop-web<\/strong>/);
    match(secure, /answered by <code>first</);
    match(plain, /plaintext/);
    match(plain, /answered by <code>second</);
    doesNotMatch(plain, /mTLS|spiffe/);
  });

  it("offers what is left and not more", () => {
    const [mug = "", tote = ""] = renderPage(PAGE, undefined)
      .split("<li")
      .filter((item) => item.includes('class="price"'));
    match(mug, /€14\.05/);
    match(mug, /3 in stock/);
    equal(mug.match(/<option>/g)?.length, 3);
    match(tote, /Sold out/);
    doesNotMatch(tote, /<form/);
  });

  it("thanks for an order it knows and for no other", () => {
    match(renderPage(PAGE, "a1b2c3d4"), /Thank you: 2 × Mug/);
    doesNotMatch(renderPage(PAGE, "00000000"), /Thank you/);
  });

  it("escapes every text it is given", () => {
    const hostile: Page = {
      products: [{ id: HOSTILE, name: HOSTILE, description: HOSTILE, priceCents: 100, stock: 1 }],
      orders: [
        {
          id: HOSTILE,
          productId: HOSTILE,
          productName: HOSTILE,
          quantity: 1,
          placedAt: HOSTILE,
        },
      ],
      hops: [{ from: HOSTILE, to: HOSTILE, replica: HOSTILE, identity: `${HOSTILE}/${HOSTILE}` }],
    };
    for (const text of [renderPage(hostile, HOSTILE), renderError(HOSTILE, HOSTILE, HOSTILE)]) {
      doesNotMatch(text, /<\/?script|"'>|&(?!#\d+;)/);
      match(text, /&#34;&#39;&#62;&#60;script&#62;/);
    }
  });
});
