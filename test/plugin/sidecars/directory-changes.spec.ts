import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  buildDirectory,
  type Directory,
  toKnownService,
} from "../../../plugin/sidecars/directory.ts";
import { toInstance } from "../../../plugin/workload/health.ts";
import type { Workload } from "../../../plugin/workload/workload.ts";
import type { CatalogEntry } from "../../../registry/catalog.ts";
import { NODE, workloadOf } from "../../helpers/workloads.ts";

const entry = (workload: Workload): CatalogEntry => ({
  instance: toInstance(workload, NODE),
  health: "passing",
});

describe("a directory after another", () => {
  const tcp = workloadOf("orders", "b", {}, { "mesh.protocol": "tcp" });
  const ORDERS = [entry(workloadOf("orders", "a")), entry(tcp)];
  const STOCK = entry(workloadOf("stock", "c"));
  const named = ({ services }: Directory): ReadonlyMap<string, unknown> =>
    new Map(services.map((service) => [service.service, service]));

  it("has the same objects for services of which nothing has changed, others for the rest", () => {
    const before = buildDirectory([...ORDERS, STOCK], []);
    const after = buildDirectory([...ORDERS, { ...STOCK, health: "critical" }], [], before);
    assert.equal(named(after).get("shop-orders"), named(before).get("shop-orders"));
    assert.notEqual(named(after).get("shop-stock"), named(before).get("shop-stock"));
    const without = buildDirectory(ORDERS.slice(1), [], after);
    assert.deepEqual(without, buildDirectory(ORDERS.slice(1), []));
  });

  it("has other objects where only what is remembered of a service has changed", () => {
    const before = buildDirectory([STOCK], []);
    const depot = toKnownService({ ...STOCK.instance, alias: "depot" });
    const after = buildDirectory([STOCK], [depot], before);
    assert.deepEqual(after, buildDirectory([STOCK], [depot]));
    assert.deepEqual(buildDirectory([STOCK], [], after), before);
  });

  it("tells what is still wrong as often as it is made", () => {
    const before = buildDirectory(ORDERS, []);
    assert.equal(before.problems.length, 1);
    assert.deepEqual(buildDirectory(ORDERS, [], before).problems, before.problems);
    assert.deepEqual(buildDirectory(structuredClone(ORDERS), [], before).problems, before.problems);
    assert.deepEqual(buildDirectory(ORDERS.slice(0, 1), [], before).problems, []);
  });
});
