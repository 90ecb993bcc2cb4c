import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readServices } from "../../../plugin/docker/swarm-facts.ts";
import { planRecords } from "../../../plugin/swarm/plan-records.ts";
import type { SwarmService } from "../../../registry/swarm-services.ts";

const LABELS = { "mesh.enable": "true" };

function service(version: number, labels: SwarmService["labels"] = LABELS): SwarmService {
  return { id: "s1", swarm: "ours", name: "shop_orders", version, labels };
}

interface Case {
  readonly listed: readonly SwarmService[];
  readonly kept: readonly SwarmService[];
  readonly isGone?: boolean;
  readonly record: readonly SwarmService[];
  readonly remove?: readonly Pick<SwarmService, "id" | "version">[];
}

const CASES: Readonly<Record<string, Case>> = {
  "a service has labels and is not recorded": {
    listed: [service(1)],
    kept: [],
    record: [service(1)],
  },
  "a service without labels is not recorded": { listed: [service(1, {})], kept: [], record: [] },
  "a service is recorded as it is": { listed: [service(1)], kept: [service(1)], record: [] },
  "a newer version has the same labels": { listed: [service(9)], kept: [service(1)], record: [] },
  "a newer version has other labels": {
    listed: [service(2, { "mesh.enable": "false" })],
    kept: [service(1)],
    record: [service(2, { "mesh.enable": "false" })],
  },
  "a newer version has another name": {
    listed: [{ ...service(2), name: "renamed" }],
    kept: [service(1)],
    record: [{ ...service(2), name: "renamed" }],
  },
  "a newer version has no labels any more": {
    listed: [service(2, {})],
    kept: [service(1)],
    record: [service(2, {})],
  },
  "this manager is behind another one": {
    listed: [service(1, { "mesh.enable": "false" })],
    kept: [service(2)],
    record: [],
  },
  "a service was removed": {
    listed: [],
    kept: [service(3)],
    isGone: true,
    record: [],
    remove: [{ id: "s1", version: 3 }],
  },
  "a service may be one of which this manager has not heard yet": {
    listed: [],
    kept: [service(3)],
    record: [],
  },
  "a service belongs to another swarm that has the same catalog": {
    listed: [],
    kept: [{ ...service(3), swarm: "theirs" }],
    isGone: true,
    record: [],
  },
};

describe("what a manager's agent writes when", () => {
  for (const [when, { listed, kept, isGone = false, record, remove = [] }] of Object.entries(CASES))
    it(when, () => {
      const known = new Map(kept.map((entry) => [entry.id, entry]));
      const changes = planRecords({ swarm: "ours", services: listed }, known, () => isGone);
      assert.deepEqual(changes, { record, remove });
    });
});

describe("a listing of services", () => {
  it("tells ids, names, versions and labels of the mesh in any letter case", () => {
    const labels = { "mesh.weight": "3", "Mesh.Enable": "x", "com.example.mesh": "y" };
    const spec = { Name: "shop_orders", Labels: labels };
    assert.deepEqual(readServices("ours", [{ ID: "s1", Version: { Index: 7 }, Spec: spec }]), {
      swarm: "ours",
      services: [service(7, { "Mesh.Enable": "x", "mesh.weight": "3" })],
    });
  });

  it("makes do with what an engine leaves out", () => {
    const listed = [{ ID: "s1" }, { ID: "s2", Spec: { Name: "web", Labels: null } }];
    assert.deepEqual(readServices("ours", listed).services, [
      { id: "s1", swarm: "ours", name: "s1", version: 0, labels: {} },
      { id: "s2", swarm: "ours", name: "web", version: 0, labels: {} },
    ]);
  });
});
