// What a sidecar remembers of the endpoints it calls while configurations come and go.
import assert from "node:assert/strict";
import type { CalledEndpoint } from "../../../proxy/health/called-service.ts";
import { calledEndpoints, callPolicy, ServiceRig } from "../../helpers/balancing.ts";

describe("a called service across configurations", () => {
  it("keeps the health of an endpoint that is still there", () => {
    const rig = new ServiceRig(calledEndpoints(3)).answer("orders-0", 500, 5);
    rig.update(calledEndpoints(4));
    assert.equal(rig.states[0], "orders-0 ejected 0 %");
    assert.equal(rig.states.length, 4);
  });

  it("keeps latency and requests in flight, and goes to the new connections", () => {
    const rig = new ServiceRig(calledEndpoints(2)).answer("orders-0", 200, 1, 40);
    const before = rig.target("orders-0");
    before.begin(rig.now);
    const renewed = calledEndpoints(2);
    rig.update(renewed);
    const report = rig.service.report(0)[0];
    assert.equal(report?.latency, 40);
    assert.equal(report.activeRequests, 1);
    assert.equal(rig.target("orders-0"), before);
    assert.equal(before.destination, renewed[0]?.destination);
  });

  it("begins anew with an endpoint that has moved to another address", () => {
    const rig = new ServiceRig(calledEndpoints(3)).answer("orders-0", 500, 5);
    rig.update(calledEndpoints(3, (index) => ({ address: `10.0.1.${index}` })));
    assert.equal(rig.states[0], "orders-0 healthy 100 %");
  });

  it("forgets an endpoint that has gone", () => {
    const rig = new ServiceRig(calledEndpoints(3)).answer("orders-0", 500, 5);
    rig.update(calledEndpoints(3).slice(1));
    assert.deepEqual(rig.states, ["orders-1 healthy 100 %", "orders-2 healthy 100 %"]);
    rig.update(calledEndpoints(3));
    assert.equal(rig.states[0], "orders-0 healthy 100 %");
  });

  it("follows a new policy from the next request on, with the health it has", () => {
    const rig = new ServiceRig(calledEndpoints(3))
      .answer("orders-0", 500, 5)
      .answer("orders-1", 500, 2);
    rig.update(calledEndpoints(3), callPolicy({}, { consecutive5xx: 3, maxEjectionPercent: 100 }));
    assert.equal(rig.states[0], "orders-0 ejected 0 %");
    assert.match(rig.answer("orders-1", 500).states[1] ?? "", /ejected/);
  });

  it("follows a new weight", () => {
    const rig = new ServiceRig(calledEndpoints(2));
    rig.spread(10);
    rig.update(calledEndpoints(2, (index) => ({ weight: index === 0 ? 9 : 1 })));
    const share = (rig.spread(2_000).get("orders-0") ?? 0) / 2_000;
    assert.ok(Math.abs(share - 0.9) < 0.03, `${share}`);
  });

  it("answers with the same targets while nothing has changed, so that no table is built twice", () => {
    const rig = new ServiceRig(calledEndpoints(2));
    const before = rig.targets;
    rig.update(calledEndpoints(2));
    assert.equal(rig.targets, before);
    rig.update(calledEndpoints(3));
    assert.notEqual(rig.targets, before);
  });

  it("sends no request that is tried again to an endpoint that has gone meanwhile", () => {
    const rig = new ServiceRig(calledEndpoints(6));
    const before = rig.targets;
    const first = before.next(0, [], true);
    assert.ok(first);
    const left = calledEndpoints(6).filter(({ endpoint }) => endpoint.id !== first.id);
    rig.update(left.slice(0, 2));
    rig.now += 100;
    const again = Array.from({ length: 50 }, () => before.next(0, [first], true)?.id);
    assert.deepEqual(
      [...new Set(again)].sort(),
      left.slice(0, 2).map(({ endpoint }) => endpoint.id),
    );
  });

  describe("of an endpoint whose application is said to end", () => {
    const say = (departing: boolean, endpoints: readonly CalledEndpoint[]): void => {
      for (const { destination } of endpoints) Object.assign(destination, { departing });
    };
    const asked = (rig: ServiceRig): string[] => [
      ...new Set(Array.from({ length: 50 }, () => rig.next())),
    ];

    it("sends nothing more there from that moment on, until it is back", () => {
      const endpoints = calledEndpoints(3);
      const rig = new ServiceRig(endpoints);
      assert.equal(asked(rig).length, 3);
      say(true, endpoints.slice(0, 1));
      assert.deepEqual(asked(rig).sort(), ["orders-1", "orders-2"]);
      say(false, endpoints);
      rig.now += 100;
      assert.equal(asked(rig).length, 3);
    });

    it("asks it nevertheless when the others have failed", () => {
      const endpoints = calledEndpoints(2);
      const rig = new ServiceRig(endpoints).answer("orders-1", 500, 5);
      say(true, endpoints.slice(0, 1));
      assert.deepEqual(asked(rig), ["orders-0"]);
    });

    it("goes on asking all of them when it is said of all", () => {
      const endpoints = calledEndpoints(2);
      const rig = new ServiceRig(endpoints);
      say(true, endpoints);
      assert.equal(asked(rig).length, 2);
    });
  });

  it("leaves requests their targets when all endpoints go", () => {
    const rig = new ServiceRig(calledEndpoints(2));
    const before = rig.targets;
    rig.update([]);
    assert.equal(rig.next(), "none");
    assert.ok(before.next(0, [], true) !== undefined);
  });

  it("gives the endpoints of one version, and none for a version that nobody has", () => {
    const versions = ["v1", "v1", "v2", undefined];
    const rig = new ServiceRig(calledEndpoints(4, (index) => ({ version: versions[index] })));
    const ids = (version: string | undefined): string[] =>
      rig.service.targets(version).members.map(({ id }) => id);
    assert.deepEqual(ids("v1"), ["orders-0", "orders-1"]);
    assert.deepEqual(ids("v2"), ["orders-2"]);
    assert.equal(rig.service.targets("v3").next(0, [], true), undefined);
    assert.equal(ids(undefined).length, 4);
  });

  it("says for every endpoint how it is, also before any request", () => {
    const rig = new ServiceRig(calledEndpoints(1));
    assert.deepEqual(rig.service.report(5_000), [
      {
        ...{ service: "shop-orders", port: 80, id: "orders-0", state: "healthy", reason: "" },
        ...{ since: 0, share: 100, ejections: 0, activeRequests: 0, latency: 0 },
      },
    ]);
  });

  it("brings states up to date for reports even without requests", () => {
    const rig = new ServiceRig(calledEndpoints(2)).answer("orders-0", 500, 5);
    assert.match(rig.advance(10_000).states[0] ?? "", /probing/);
  });
});
