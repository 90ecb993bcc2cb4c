import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { withGateways } from "../../../plugin/gateway/known-names.ts";

const SERVICES = [{ service: "shop-web", aliases: [{ project: "shop", alias: "web" }] }];

describe("names that people may mean", () => {
  it("are those of services, and of the gateways of the node, each once", () => {
    const gateway = { ports: { http: 80, https: undefined }, trustedProxies: [] };
    const local = [
      { workload: { service: "shop-web" } },
      { workload: { service: "gateway", gateway } },
      { workload: { service: "gateway", gateway } },
    ];
    assert.deepEqual(withGateways(SERVICES, local), [
      ...SERVICES,
      { service: "gateway", aliases: [] },
    ]);
    assert.equal(withGateways(SERVICES, local.slice(0, 1)), SERVICES);
  });
});
