// Whether a call about a container may be made, by what the engine says of that container. Pure.
import { OWN_LABELS } from "../docker/container-facts.ts";
import type { Subject } from "./calls.ts";
import type { ContainerSummary } from "./facts.ts";
import { asksForHold } from "./held.ts";

/** Undefined where it may; otherwise what was expected. */
export function objectionTo(
  subject: Exclude<Subject, "none" | "concerned">,
  container: ContainerSummary,
): string | undefined {
  switch (subject) {
    case "own":
      return isMade(container) ? undefined : "expected a sidecar or an init container of the mesh";
    case "own or explicit":
      return isMade(container) || isExplicit(container)
        ? undefined
        : "expected a sidecar or an init container";
    case "held":
      return asksForHold(container.labels)
        ? undefined
        : "expected a container with the label mesh.hold or mesh.egress";
    default:
      return subject satisfies never;
  }
}

/** By labels that agree with what the engine made: the namespace in which it lives is that of the workload it names. */
function isMade({ labels, networkMode }: ContainerSummary): boolean {
  const workload = labels[OWN_LABELS.workload];
  return isRole(labels[OWN_LABELS.role]) && networkMode === `container:${workload}`;
}

function isExplicit({ labels, networkMode }: ContainerSummary): boolean {
  return isRole(labels[OWN_LABELS.explicit]) && networkMode.startsWith("container:");
}

function isRole(role: string | undefined): boolean {
  return role === "sidecar" || role === "init";
}
