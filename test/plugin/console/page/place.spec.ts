// Addresses of the console's views.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { formatPlace, parsePlace } from "../../../../plugin/console/page/model/place.ts";

describe("an address of the console", () => {
  const cases = [
    ["#/topology", { view: "topology", path: [], query: {} }],
    ["#/services/shop-web/policy", { view: "services", path: ["shop-web", "policy"], query: {} }],
    ["#/services/*/policy", { view: "services", path: ["*", "policy"], query: {} }],
    [
      "#/tap?service=shop-web&path=%2Forders%3F",
      { view: "tap", path: [], query: { service: "shop-web", path: "/orders?" } },
    ],
  ] as const;
  for (const [hash, place] of cases) {
    it(`${hash} is read and written`, () => {
      assert.deepEqual(parsePlace(hash), place);
      assert.deepEqual(parsePlace(formatPlace(place.view, place.path, place.query)), place);
    });
  }

  for (const hash of ["", "#", "#/", "#/nowhere", "#nowhere?x=1", "#/%", "#/topology?service="]) {
    it(`leads to the start where nothing can be understood: ${JSON.stringify(hash)}`, () => {
      assert.deepEqual(parsePlace(hash), { view: "topology", path: [], query: {} });
    });
  }

  it("leaves empty values out", () => {
    assert.equal(
      formatPlace("topology", [], { focus: undefined, service: "", source: "a" }),
      "#/topology?source=a",
    );
  });
});
