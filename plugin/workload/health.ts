// How a workload is, from all that the node knows of it: the engine's facts, Docker's HEALTHCHECK, and what its sidecar
// reports about itself and about the application.
import type { Health, Instance } from "../../mesh/model.ts";
import type { ContainerFacts } from "../docker/container-facts.ts";
import type { SidecarState } from "../sidecars/sessions.ts";
import type { Workload } from "./workload.ts";

/** `starting` was never well; `unknown` was, under an agent before this one, and has not been heard of yet. */
export interface LocalHealth {
  readonly health: Health | "starting" | "unknown";
  readonly note: string;
}

export function workloadHealth(
  facts: ContainerFacts,
  sidecar: SidecarState | undefined,
  draining: boolean,
  adopted: boolean,
): LocalHealth {
  if (draining) return { health: "draining", note: "draining since its stop signal" };
  if (facts.paused) return { health: "critical", note: "container is paused" };
  if (facts.health === "unhealthy")
    return { health: "critical", note: "Docker's HEALTHCHECK says unhealthy" };
  if (facts.health === "starting")
    return { health: "starting", note: "Docker's HEALTHCHECK is starting" };
  return sidecarHealth(sidecar, adopted);
}

function sidecarHealth(sidecar: SidecarState | undefined, adopted: boolean): LocalHealth {
  const report = sidecar?.report;
  if (report === undefined) {
    return adopted
      ? { health: "unknown", note: "its sidecar has not reported to this agent yet" }
      : { health: "starting", note: "sidecar is starting" };
  }
  if (sidecar?.lost) return { health: "critical", note: "sidecar does not report" };
  if (!report.ready)
    return {
      health: "starting",
      note: report.problems.join("; ") || "sidecar is opening its ports",
    };
  if (report.application === "starting")
    return { health: "starting", note: "application has not answered yet" };
  return { health: report.application, note: report.applicationNote };
}

/** What the catalog records about a workload. */
export function toInstance(workload: Workload, node: string): Instance {
  const { service, alias, project, version, weight, policy } = workload;
  const { containerId, containerName, ports, networks } = workload;
  return {
    id: workload.instanceId,
    service,
    alias,
    project,
    version,
    weight,
    policy,
    createdAt: Date.parse(workload.createdAt) || 0,
    node,
    containerId,
    containerName,
    ports,
    networks,
  };
}
