import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { toPage, toTest } from "./docs-session.ts";

describe("what a page says, in the words of the tests", () => {
  const cases: readonly (readonly [what: string, page: string, test: string])[] = [
    ["the project", "docker compose -p shop ps", "docker compose -p mesh-test-shop ps"],
    ["its services", "shop-orders-1", "mesh-test-shop-orders-1"],
    ["its network", "--network shop_default", "--network mesh-test-shop_default"],
    ["the mesh's containers", "docker exec mesh-agent-1 a", "docker exec mesh-test-docs-agent-1 a"],
    ["an address that is published", "http://127.0.0.1:8080/", "http://127.0.0.1:18080/"],
    ["the gateway", "https://shop.localhost/?a", "https://shop.localhost:18443/?a"],
  ];
  for (const [what, page, test] of cases) {
    it(`has ${what} under a name of the tests' own, and back`, () => {
      assert.equal(toTest(page), test);
      assert.equal(toPage(test), page);
    });
  }

  it("publishes at other ports, and leaves ports of containers as they are", () => {
    assert.equal(
      toTest('name: shop\nports: ["8080:8080"]'),
      'name: mesh-test-shop\nports: ["18080:8080"]',
    );
    assert.equal(
      toTest('mesh.port: "8080", http://orders:8080'),
      'mesh.port: "8080", http://orders:8080',
    );
  });

  it("leaves images and hosts that only begin so", () => {
    assert.equal(toTest("shop.example workshop eshop"), "shop.example workshop eshop");
  });
});
