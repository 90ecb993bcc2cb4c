// inventory: what the shop sells. Stateless, so that any number of copies give the same answer.
import { jsonError } from "./call.ts";
import { callerIdentity, json, replicaName, serve } from "./http.ts";
import type { CatalogAnswer, Product } from "./shop.ts";

const PRODUCTS: readonly Product[] = [
  {
    id: "mug",
    name: "Enamel mug",
    description: "Survives the campsite, the office and the dishwasher.",
    priceCents: 1400,
    stock: 240,
  },
  {
    id: "lantern",
    name: "Brass lantern",
    description: "Warm light for eight hours, on deck or on the desk.",
    priceCents: 5900,
    stock: 60,
  },
  {
    id: "blanket",
    name: "Wool blanket",
    description: "Woven on the coast, heavy enough for an open window.",
    priceCents: 8900,
    stock: 40,
  },
  {
    id: "tote",
    name: "Canvas tote",
    description: "Carries a week of groceries and asks for more.",
    priceCents: 2200,
    stock: 180,
  },
];

serve(
  "inventory",
  {
    "GET /products": (request) =>
      json(200, {
        replica: replicaName(),
        caller: callerIdentity(request),
        products: PRODUCTS,
      } satisfies CatalogAnswer),
  },
  jsonError,
);
