import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ContainerFacts } from "../../../plugin/docker/container-facts.ts";
import type { SidecarState } from "../../../plugin/sidecars/sessions.ts";
import { toInstance, workloadHealth } from "../../../plugin/workload/health.ts";
import type { SidecarReport } from "../../../proxy/configuration/snapshot.ts";
import { factsOf, NODE, RESTARTED_AT, reportOf, workloadOf } from "../../helpers/workloads.ts";

function sidecar(report: Partial<SidecarReport> | "silent", lost = false): SidecarState {
  return {
    sidecarId: "s1",
    report: report === "silent" ? undefined : reportOf(report),
    lost,
  };
}

interface Case {
  readonly facts?: Partial<ContainerFacts>;
  readonly sidecar?: SidecarState;
  readonly draining?: boolean;
  readonly adopted?: boolean;
}

const WELL = sidecar({});

describe("a workload's health", () => {
  const cases: readonly (readonly [string, Case, string, string])[] = [
    ["application and sidecar are well", { sidecar: WELL }, "passing", "accepts connections"],
    ["there is no sidecar yet", {}, "starting", "sidecar is starting"],
    [
      "the sidecar is silent yet",
      { sidecar: sidecar("silent") },
      "starting",
      "sidecar is starting",
    ],
    [
      "an adopted sidecar has not spoken to this agent yet",
      { sidecar: sidecar("silent"), adopted: true },
      "unknown",
      "its sidecar has not reported to this agent yet",
    ],
    [
      "an adopted sidecar has spoken",
      { sidecar: WELL, adopted: true },
      "passing",
      "accepts connections",
    ],
    [
      "the sidecar opens its ports",
      { sidecar: sidecar({ ready: false }) },
      "starting",
      "sidecar is opening its ports",
    ],
    [
      "the sidecar cannot open its ports",
      { sidecar: sidecar({ ready: false, problems: ["port 21000 is in use", "no hosts file"] }) },
      "starting",
      "port 21000 is in use; no hosts file",
    ],
    [
      "the application has not answered",
      { sidecar: sidecar({ application: "starting" }) },
      "starting",
      "application has not answered yet",
    ],
    [
      "the application does not answer any more",
      { sidecar: sidecar({ application: "critical", applicationNote: "connection refused" }) },
      "critical",
      "connection refused",
    ],
    [
      "the sidecar fell silent",
      { sidecar: sidecar({}, true) },
      "critical",
      "sidecar does not report",
    ],
    [
      "the container is paused",
      { facts: { paused: true }, sidecar: WELL },
      "critical",
      "container is paused",
    ],
    [
      "Docker's HEALTHCHECK is starting",
      { facts: { health: "starting" }, sidecar: WELL },
      "starting",
      "Docker's HEALTHCHECK is starting",
    ],
    [
      "Docker's HEALTHCHECK fails",
      { facts: { health: "unhealthy" }, sidecar: WELL },
      "critical",
      "Docker's HEALTHCHECK says unhealthy",
    ],
    [
      "Docker's HEALTHCHECK passes",
      { facts: { health: "healthy" }, sidecar: WELL },
      "passing",
      "accepts connections",
    ],
    [
      "it is being stopped, whatever else",
      { facts: { health: "unhealthy", paused: true }, sidecar: WELL, draining: true },
      "draining",
      "draining since its stop signal",
    ],
  ];
  for (const [
    when,
    { facts, sidecar: state, draining = false, adopted = false },
    health,
    note,
  ] of cases) {
    it(`is ${health} when ${when}`, () => {
      assert.deepEqual(workloadHealth(factsOf("orders", "a", facts), state, draining, adopted), {
        health,
        note,
      });
    });
  }
});

describe("what the catalog records of a workload", () => {
  it("is the same after a restart, which makes its labels no younger", () => {
    const again = workloadOf("orders", "a", { startedAt: RESTARTED_AT });
    assert.deepEqual(toInstance(again, NODE), toInstance(workloadOf("orders", "a"), NODE));
  });

  it("is who and where it is, and nothing of its secrets or settings", () => {
    const workload = workloadOf("orders", "a", {
      version: "v2",
      weight: 10,
      policy: { audit: "true" },
    });
    assert.deepEqual(toInstance(workload, NODE), {
      id: "shop-orders-aaaaaaaaaaaa",
      service: "shop-orders",
      alias: "orders",
      project: "shop",
      version: "v2",
      weight: 10,
      policy: { audit: "true" },
      createdAt: Date.UTC(2026, 2, 1, 7, 59),
      node: "node-a",
      containerId: workload.containerId,
      containerName: "shop-orders-1",
      ports: workload.ports,
      networks: workload.networks,
    });
  });
});
