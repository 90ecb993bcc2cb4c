import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import {
  type ObservationWanted,
  type PublishedWorkload,
  Publisher,
  type PublisherInput,
} from "../../../plugin/sidecars/publisher.ts";
import { SidecarSessions } from "../../../plugin/sidecars/sessions.ts";
import { toInstance } from "../../../plugin/workload/health.ts";
import type { Workload } from "../../../plugin/workload/workload.ts";
import type { Snapshot } from "../../../proxy/configuration/snapshot.ts";
import type { CatalogEntry } from "../../../registry/catalog.ts";
import { noGateways } from "../../helpers/gateways.ts";
import { InstantLeaves } from "../../helpers/leaves.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { policyParts } from "../../helpers/policies.ts";
import { NODE, sidecarOf, workloadOf } from "../../helpers/workloads.ts";

const ORDERS: Workload = workloadOf("orders", "a");
const WEB: Workload = workloadOf("web", "b");
const REMOTE: CatalogEntry = {
  instance: toInstance(workloadOf("inventory", "c"), "node-b"),
  health: "passing",
};

describe("the publisher", () => {
  let clock: ManualClock;
  let sessions: SidecarSessions;
  let leaves: InstantLeaves;
  let publisher: Publisher;
  let observation: ObservationWanted;

  beforeEach(() => {
    observation = () => undefined;
    clock = new ManualClock();
    sessions = new SidecarSessions(clock, () => undefined);
    sessions.sync([sidecarOf("a", "s1"), sidecarOf("b", "s2")]);
    leaves = new InstantLeaves();
    publisher = new Publisher({
      ...{ sessions, leaves, ...policyParts(), clock },
      observation: (service, calls) => observation(service, calls),
      gateways: noGateways(clock),
    });
  });

  const of = (workload: Workload, changes: Partial<PublishedWorkload> = {}): PublishedWorkload => ({
    workload,
    instance: toInstance(workload, NODE),
    health: "passing",
    adopted: false,
    registered: true,
    ...changes,
  });
  const adopted = (
    workload: Workload,
    changes: Partial<PublishedWorkload> = {},
  ): PublishedWorkload => of(workload, { adopted: true, ...changes });

  /** Publishes with everything well but what is said, and gives the sidecars' snapshots. */
  const publish = (changes: Partial<PublisherInput>): (Snapshot | undefined)[] => {
    publisher.publish({
      node: NODE,
      workloads: [of(ORDERS), of(WEB)],
      adopting: false,
      undecided: new Set(),
      view: { entries: [REMOTE] },
      catalogReachable: true,
      ...changes,
    });
    return ["s1", "s2"].map((id) => sessions.authenticate(`token of ${id}`)?.snapshots.value);
  };

  const names = (snapshot: Snapshot | undefined): string[] | undefined =>
    snapshot?.outbound.map(
      ({ service, ports }) =>
        `${service} ${ports.flatMap(({ endpoints }) => endpoints.map(({ address }) => address)).join(" ")}`,
    );

  it("gives each sidecar its own snapshot", () => {
    const [orders, web] = publish({});
    assert.equal(orders?.instanceId, "shop-orders-aaaaaaaaaaaa");
    assert.equal(web?.instanceId, "shop-web-bbbbbbbbbbbb");
    assert.equal(web?.certificates.privateKey, "key of shop-web\n");
  });

  it("asks for single requests where somebody wants them, by what the workload is and calls", () => {
    const asked = new Map<string, readonly string[]>();
    observation = (service, calls) => {
      asked.set(
        service,
        calls.map((called) => called.service),
      );
      return service === "shop-web" ? { traces: false, tap: true } : undefined;
    };
    const [orders, web] = publish({});
    assert.equal(orders?.observation, undefined);
    assert.deepEqual(web?.observation, { traces: false, tap: true });
    assert.deepEqual([...asked.keys()], ["shop-orders", "shop-web"]);
    assert.ok(asked.get("shop-web")?.includes("shop-orders"));
    observation = () => undefined;
    assert.equal(publish({})[1]?.observation, undefined);
  });

  it("keeps every short name of a service whose copies are all gone", () => {
    const other = { ...workloadOf("orders", "d"), alias: "orders-next" };
    publish({ workloads: [of(ORDERS), of(other), of(WEB)] });
    const [, web] = publish({ workloads: [of(WEB)] });
    const orders = web?.outbound.find(({ service }) => service === "shop-orders");
    assert.deepEqual(orders?.names, ["orders", "orders-next", "shop-orders"]);
  });

  it("gives no second copy of what has not changed", () => {
    const [first] = publish({});
    const [second] = publish({});
    assert.equal(second, first);
  });

  it("works nothing out anew that is as it was, though it was looked at anew", () => {
    publish({});
    const before = publisher.directory.services;
    publish({ view: { entries: [structuredClone(REMOTE)] } });
    assert.ok(before.every((service, index) => service === publisher.directory.services[index]));
  });

  it("says when a workload drains", () => {
    const [orders, web] = publish({ workloads: [of(ORDERS, { health: "draining" }), of(WEB)] });
    assert.deepEqual([orders?.draining, web?.draining], [true, false]);
  });

  it("waits for trust and for the service's leaf, and for no other's", () => {
    leaves.bundle = undefined;
    assert.deepEqual(publish({}), [undefined, undefined]);
    leaves.bundle = new InstantLeaves().bundle;
    leaves.heldBack = true;
    assert.deepEqual(publish({}), [undefined, undefined]);
    leaves.heldBack = false;
    assert.ok(publish({}).every((snapshot) => snapshot !== undefined));
  });

  it("follows the leaves of services that run here, and of no others", () => {
    publish({});
    assert.deepEqual([...leaves.followed].sort(), ["shop-orders", "shop-web"]);
    publish({ workloads: [of(WEB)] });
    assert.deepEqual([...leaves.followed], ["shop-web"]);
  });

  it("tells the problems of all workloads, and of entries that cannot be used", () => {
    const [hostile] = [{ ...REMOTE, instance: { ...REMOTE.instance, service: "a b" } }];
    publish({
      workloads: [of({ ...ORDERS, upstreams: ["ordres"] }), of(WEB)],
      view: { entries: [hostile] },
    });
    assert.deepEqual(
      publisher.problems.map(({ subject, code }) => `${subject} ${code}`),
      ["catalog CONFIGURATION_INVALID", "shop-orders-1 SERVICE_UNKNOWN"],
    );
    publish({});
    assert.deepEqual(publisher.problems, []);
  });

  it("gives nobody the name of what nobody may call, which calls others itself", () => {
    const job = of({ ...ORDERS, offered: false }, { registered: false });
    const snapshots = publish({ workloads: [job, of(WEB)] });
    const called = ["shop-inventory 198.18.0.99", "shop-web "];
    assert.deepEqual(snapshots.map(names), [called, called]);
  });

  describe("after an agent's start", () => {
    for (const [when, workloads, catalogReachable, published] of [
      [
        "an adopted workload has not been heard of",
        [adopted(ORDERS, { health: "unknown" }), of(WEB)],
        true,
        false,
      ],
      [
        "one is well but not registered again",
        [adopted(ORDERS, { registered: false }), of(WEB)],
        true,
        false,
      ],
      [
        "one is never registered, since nobody may call it",
        [adopted({ ...ORDERS, offered: false }, { registered: false }), of(WEB)],
        true,
        true,
      ],
      ["all are well and registered", [adopted(ORDERS), adopted(WEB)], true, true],
      [
        "one is not well, and so not registered",
        [adopted(ORDERS, { health: "critical", registered: false }), of(WEB)],
        true,
        true,
      ],
      [
        "one drains",
        [adopted(ORDERS, { health: "draining", registered: false }), of(WEB)],
        true,
        true,
      ],
      [
        "the catalog is away, and all have been heard of",
        [adopted(ORDERS, { registered: false }), of(WEB)],
        false,
        true,
      ],
      [
        "the catalog is away, and one has not been heard of",
        [adopted(ORDERS, { health: "unknown" }), of(WEB)],
        false,
        false,
      ],
      [
        "none was adopted, and none is registered",
        [of(ORDERS, { registered: false }), of(WEB, { registered: false })],
        true,
        true,
      ],
    ] as const) {
      it(`${published ? "publishes" : "publishes nothing"} when ${when}`, () => {
        const snapshots = publish({ adopting: true, workloads, catalogReachable });
        assert.deepEqual(
          snapshots.map((snapshot) => snapshot !== undefined),
          [published, published],
        );
      });
    }

    it("waits for none of them for ever", () => {
      const workloads = [adopted(ORDERS, { registered: false }), of(WEB, { health: "starting" })];
      assert.ok(publish({ adopting: false, workloads })[0]);
    });

    it("leaves an adopted sidecar what it has until the catalog has shown something", () => {
      const workloads = [adopted(ORDERS), of(WEB)];
      const away = { workloads, view: undefined, catalogReachable: false };
      const [orders, web] = publish(away);
      assert.equal(orders, undefined);
      assert.deepEqual(names(web), ["shop-orders 198.18.0.97", "shop-web 198.18.0.98"]);
      assert.ok(publish({ ...away, view: { entries: [] } })[0]);
    });
  });

  describe("of a service that has gone", () => {
    const inventory = (snapshot: Snapshot | undefined): string[] | undefined =>
      names(snapshot)?.filter((name) => name.startsWith("shop-inventory"));

    it("keeps the name, with nobody behind it, for ten minutes", () => {
      assert.deepEqual(inventory(publish({})[1]), ["shop-inventory 198.18.0.99"]);
      clock.advance(600_000);
      assert.deepEqual(inventory(publish({ view: { entries: [] } })[1]), ["shop-inventory "]);
      clock.advance(1);
      assert.deepEqual(inventory(publish({ view: { entries: [] } })[1]), []);
    });

    it("counts the ten minutes from when it was last there", () => {
      publish({});
      clock.advance(400_000);
      publish({});
      clock.advance(400_000);
      assert.deepEqual(inventory(publish({ view: { entries: [] } })[1]), ["shop-inventory "]);
    });
  });
});
