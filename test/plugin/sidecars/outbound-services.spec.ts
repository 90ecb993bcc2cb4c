// What is worked out once for many callers: nobody may see through it what only another one may.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import { buildDirectory, type DirectoryService } from "../../../plugin/sidecars/directory.ts";
import { OutboundServices, type Viewpoint } from "../../../plugin/sidecars/outbound-services.ts";
import { toInstance } from "../../../plugin/workload/health.ts";
import type { OutboundService } from "../../../proxy/configuration/snapshot.ts";
import type { CatalogEntry } from "../../../registry/catalog.ts";
import { NODE, onNetwork, workloadOf } from "../../helpers/workloads.ts";

const [FRONT, BACK] = [onNetwork("shop_front", "198.18.0.2"), onNetwork("shop_back", "198.18.5.2")];
const ORDERS: CatalogEntry = {
  instance: { ...toInstance(workloadOf("orders", "a"), NODE), networks: [FRONT, BACK] },
  health: "passing",
};
const POLICY: PolicyDocument = {};
const FROM: Viewpoint = {
  workload: { project: "shop", intercept: "on" },
  networkIds: new Set([FRONT.networkId]),
  ...{ node: NODE, trustDomain: "mesh.test", datacenter: "dc1" },
};

function directoryService(entry: CatalogEntry = ORDERS): DirectoryService {
  const [service] = buildDirectory([entry], []).services;
  if (service === undefined) throw new Error("no service");
  return service;
}

describe("a service that many call", () => {
  const service = directoryService();

  it("is the same object for all to whom it looks alike", () => {
    const services = new OutboundServices();
    const other = { ...FROM, workload: { ...FROM.workload }, networkIds: new Set(FROM.networkIds) };
    const seen = [FROM, other].map((from) => services.seenFrom(from).of(service, POLICY, true));
    assert.equal(seen[0], seen[1]);
  });

  for (const [what, from, expected] of [
    ["its network", { networkIds: new Set([BACK.networkId]) }, { address: "198.18.5.2" }],
    ["no network of it", { networkIds: new Set(["other"]) }, { address: undefined }],
    ["another project", { workload: { ...FROM.workload, project: "till" } }, { names: 1 }],
    ["no project", { workload: { ...FROM.workload, project: undefined } }, { names: 1 }],
    ["a project without a name", { workload: { ...FROM.workload, project: "" } }, { names: 1 }],
    ["no interception", { workload: { ...FROM.workload, intercept: "off" } }, { listenPort: 8080 }],
    ["another node", { node: "node-b" }, { sameNode: false }],
    ["another trust domain", { trustDomain: "other.test" }, { trustDomain: "other.test" }],
    ["another datacenter", { datacenter: "dc2" }, { datacenter: "dc2" }],
  ] as const) {
    it(`is another one from ${what}, whoever was first`, () => {
      const views = [FROM, { ...FROM, ...from }] as const;
      for (const order of [views, views.toReversed()]) {
        const services = new OutboundServices();
        const seen = new Map(
          order.map((view) => [view, services.seenFrom(view).of(service, POLICY, true)]),
        );
        const [usual, other] = views.map((view) => facts(seen.get(view)));
        assert.deepEqual(usual, USUAL);
        assert.deepEqual(other, { ...USUAL, ...expected });
      }
    });
  }

  it("has no names where only policies lead to it", () => {
    const view = new OutboundServices().seenFrom(FROM);
    const names = [true, false, true].map((named) => view.of(service, POLICY, named).names);
    assert.deepEqual(names, [["orders", "shop-orders"], [], ["orders", "shop-orders"]]);
  });

  it("is never one of a project with the empty name to workloads of none", () => {
    const nameless = directoryService({
      ...ORDERS,
      instance: { ...ORDERS.instance, project: "", alias: "orders" },
    });
    const services = new OutboundServices();
    const names = ["", undefined].map((project) => {
      const workload = { ...FROM.workload, project };
      return services.seenFrom({ ...FROM, workload }).of(nameless, POLICY, true).names;
    });
    assert.deepEqual(names, [["orders", "shop-orders"], ["shop-orders"]]);
  });

  describe("when something is worked out anew", () => {
    const see = (services: OutboundServices, from: DirectoryService, policy = POLICY) => {
      const seen = services.seenFrom(FROM).of(from, policy, true);
      services.forgetOthers();
      return seen;
    };

    it("stays the same object if it is equal", () => {
      const services = new OutboundServices();
      const first = see(services, service);
      assert.equal(see(services, directoryService()), first);
      assert.equal(see(services, service, { ...POLICY }), first);
    });

    for (const [what, from, policy] of [
      ["an endpoint", directoryService({ ...ORDERS, health: "critical" }), POLICY],
      ["the policy", service, { "timeout.request": "1s" }],
    ] as const) {
      it(`is another one if ${what} is`, () => {
        const services = new OutboundServices();
        assert.notDeepEqual(see(services, service), see(services, from, policy));
      });
    }

    it("is forgotten once nobody asks for it", () => {
      const services = new OutboundServices();
      const first = see(services, service);
      services.forgetOthers();
      const second = see(services, service);
      assert.notEqual(second, first);
      assert.deepEqual(second, first);
    });
  });
});

const USUAL = {
  ...{ address: "198.18.0.2", names: 2, listenPort: 40_848, sameNode: true },
  ...{ trustDomain: "mesh.test", datacenter: "dc1" },
};

function facts(seen: OutboundService | undefined): object {
  const [port] = seen?.ports ?? [];
  const [to] = port?.endpoints ?? [];
  const [, trustDomain, datacenter] =
    /^spiffe:\/\/([^/]+)\/.*\/dc\/([^/]+)\//.exec(seen?.uri ?? "") ?? [];
  return {
    ...{ address: to?.address, names: seen?.names.length, listenPort: port?.listenPort },
    ...{ sameNode: to?.sameNode ?? true, trustDomain, datacenter },
  };
}
