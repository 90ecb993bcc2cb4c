// The words the three services share: what is sold, what was bought, how a request travelled. And what they accept.
import { HttpError } from "./http.ts";

/** What the catalog sells; `stock` is what there was before the first order. */
export interface Product {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly priceCents: number;
  readonly stock: number;
}

export interface Order {
  readonly id: string;
  readonly productId: string;
  readonly productName: string;
  readonly quantity: number;
  /** ISO 8601. */
  readonly placedAt: string;
}

export interface Purchase {
  readonly product: string;
  readonly quantity: number;
}

/** One call between two services, as the callee saw it. */
export interface Hop {
  readonly from: string;
  readonly to: string;
  /** The hostname of the copy that answered. */
  readonly replica: string;
  /** The caller's SPIFFE id, or absent when the call came in plaintext. */
  readonly identity?: string | undefined;
}

/** Every answer says which copy gave it and who that copy thinks has asked. */
export interface Answer {
  readonly replica: string;
  readonly caller?: string | undefined;
}

export interface CatalogAnswer extends Answer {
  readonly products: readonly Product[];
}

export interface ShopAnswer extends Answer {
  /** Here `stock` is what is left. */
  readonly products: readonly Product[];
  /** Newest first. */
  readonly orders: readonly Order[];
  readonly hops: readonly Hop[];
}

/** What the page shows, and what `GET /api/page` answers. */
export interface Page {
  readonly products: readonly Product[];
  readonly orders: readonly Order[];
  readonly hops: readonly Hop[];
}

const PRODUCT_ID = /^[a-z][a-z-]{0,30}$/;
const QUANTITY = /^[1-9]$/;

/** A purchase from a form or from JSON; throws a 400 that says what is wrong. */
export function parsePurchase(product: unknown, quantity: unknown): Purchase {
  if (typeof product !== "string" || !PRODUCT_ID.test(product)) {
    throw new HttpError(400, `expected the id of a product, got ${quote(product)}`);
  }
  if (!["string", "number"].includes(typeof quantity) || !QUANTITY.test(String(quantity))) {
    throw new HttpError(400, `expected a quantity from 1 to 9, got ${quote(quantity)}`);
  }
  return { product, quantity: Number(quantity) };
}

function quote(value: unknown): string {
  return value === undefined || value === null ? "nothing" : JSON.stringify(value).slice(0, 60);
}
