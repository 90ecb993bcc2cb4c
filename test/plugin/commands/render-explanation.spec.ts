import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { renderExplanation } from "../../../plugin/commands/render-explanation.ts";
import type { Question } from "../../../plugin/explain/explanation.ts";
import { explained, ORDERS, type ShopSays } from "../../helpers/explain-shop.ts";

const CASES: readonly (readonly [string, ShopSays, Partial<Question>])[] = [
  [
    "routed",
    {
      labels: { "retries.attempts": "3" },
      policies: {
        orders: {
          ...{ "route.canary.headers": "x-canary=1", "route.canary.split": "v2=100" },
          ...{ "route.api.path-prefix": "/api", "route.api.rewrite": "/", failover: "backup" },
          ...{ "route.api.timeout": "2s", "balance.algorithm": "round-robin", allow: "web" },
        },
      },
      states: [
        { id: ORDERS[1] ?? "", state: "ejected", share: 0, reason: "5 answers of 5xx in a row" },
      ],
    },
    { path: "/api/items" },
  ],
  ["refused", { policies: { orders: { allow: "reports" } }, defaultIntention: "deny" }, {}],
  ["outside", {}, { to: "island" }],
  ["stream", {}, { to: "vault", from: "far" }],
];

describe("an explanation in a terminal", () => {
  for (const [name, says, question] of CASES) {
    it(`is the story of the request: ${name}`, async () => {
      const text = renderExplanation(await explained(says, question));
      const file = new URL(`../../golden/explain/${name}.txt`, import.meta.url);
      assert.equal(text, readFileSync(file, "utf8"));
    });
  }
});
