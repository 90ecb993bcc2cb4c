import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import { readPolicy } from "../../../mesh/policy/read-policy.ts";
import {
  type KnownNames,
  nameResolver,
  withCatalogNames,
} from "../../../plugin/policy/service-names.ts";

/** Of shop `web` and `orders`, the latter under a name of its own; of bank `web`; of nobody `tax`. */
const KNOWN: KnownNames = [
  { service: "bank-web", aliases: [{ project: "bank", alias: "web" }] },
  { service: "bank-ledger", aliases: [{ project: "bank", alias: "ledger" }] },
  { service: "purchase", aliases: [{ project: "shop", alias: "orders" }] },
  { service: "shop-web", aliases: [{ project: "shop", alias: "web" }] },
  { service: "tax", aliases: [] },
];

const inProject = (project: string | undefined, document: PolicyDocument): PolicyDocument =>
  withCatalogNames(document, nameResolver(KNOWN, project));

describe("a service's name in a policy", () => {
  for (const [what, project, name, meant] of [
    ["a short name of the own project", "shop", "web", "shop-web"],
    ["the same in another project", "bank", "web", "bank-web"],
    ["a short name whose service is called otherwise", "shop", "orders", "purchase"],
    ["a catalog name of the own project", "shop", "shop-web", "shop-web"],
    ["a catalog name of another project", "shop", "bank-web", "bank-web"],
    ["a catalog name of no project", "shop", "tax", "tax"],
    ["a short name that only another project has", "shop", "ledger", "shop-ledger"],
    ["a name that nobody has yet", "shop", "cart", "shop-cart"],
    ["a catalog name of the project that nobody has yet", "shop", "shop-cart", "shop-cart"],
    ["a name without a project", undefined, "web", "web"],
    ["a project that nothing is known of", "farm", "web", "farm-web"],
  ] as const) {
    it(`may be ${what}`, () => {
      assert.equal(nameResolver(KNOWN, project).resolve(name), meant);
    });
  }

  it("becomes the catalog's wherever services are named, and nowhere else", () => {
    const document = {
      allow: "web,shop-*,anonymous,*,spiffe://mesh.test/ns/default/dc/dc1/svc/web",
      "balance.sticky-cookie": "web",
      failover: "orders,tax",
      "route.web.failover": "cart",
      "route.web.headers": "x-from=web",
      "route.web.mirror": "web@v2",
      "route.web.path": "/web",
      "route.web.service": "web",
      "route.x.mirror": "@v2",
      "rule.web.action": "allow",
      "rule.web.callers": "orders,bank-web",
      split: "web=100",
    };
    assert.deepEqual(inProject("shop", document), {
      ...document,
      allow: "shop-web,shop-*,anonymous,*,spiffe://mesh.test/ns/default/dc/dc1/svc/web",
      failover: "purchase,tax",
      "route.web.failover": "shop-cart",
      "route.web.mirror": "shop-web@v2",
      "route.web.service": "shop-web",
      "rule.web.callers": "purchase,bank-web",
    });
  });

  it("is named once when two names turn out to be one service", () => {
    assert.deepEqual(inProject("shop", { allow: "web,shop-web" }), { allow: "shop-web" });
  });

  describe("of which nobody has heard", () => {
    it("opens nothing but to the service of the own project", () => {
      assert.deepEqual(inProject("shop", { allow: "farm-web" }), { allow: "shop-farm-web" });
    });

    it("does not spoil the list it stands in when no service could be called so", () => {
      const project = "a".repeat(40);
      const allow = `web,${"b".repeat(30)}`;
      const { policy, problems } = readPolicy(inProject(project, { allow }), "lenient");
      assert.deepEqual(problems, []);
      assert.deepEqual(
        policy.access.rules[0]?.callers.map((caller) => "text" in caller && caller.text),
        [`${project}-web`, "b".repeat(30)],
      );
    });

    it("is refused whichever is meant: it may call before it has been heard of", () => {
      assert.deepEqual(
        inProject("shop", {
          deny: "web,farm-web,farm-*",
          "rule.a.action": "deny",
          "rule.a.callers": "cart",
        }),
        {
          deny: "shop-web,shop-farm-web,farm-*,farm-web",
          "rule.a.action": "deny",
          "rule.a.callers": "shop-cart,cart",
        },
      );
    });

    it("is not refused under both names where that would be more than a list can hold", () => {
      const names = Array.from({ length: 40 }, (_, number) => `s${number}`);
      const expected = names.map((name) => `shop-${name}`).join(",");
      assert.deepEqual(inProject("shop", { deny: names.join(",") }), { deny: expected });
    });
  });
});
