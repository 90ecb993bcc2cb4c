// What to do next, as a value: desired × observed → steps, each with its cause. Pure and sorted; asks nobody, does nothing.
// A step exists only while it is due, so an empty plan means that the node is as its labels say.
import { isDeepStrictEqual } from "node:util";
import type { Instance } from "../../mesh/model.ts";
import type { SidecarFacts } from "../docker/container-facts.ts";
import type { Workload } from "../workload/workload.ts";

export type Step =
  | {
      readonly kind: "remove-sidecar";
      readonly workloadId: string;
      readonly sidecar: SidecarFacts;
      readonly cause: string;
    }
  | {
      readonly kind: "intercept";
      readonly workloadId: string;
      readonly workload: Workload;
      readonly cause: string;
    }
  | {
      readonly kind: "attach";
      readonly workloadId: string;
      readonly workload: Workload;
      readonly cause: string;
    }
  | {
      readonly kind: "register";
      readonly workloadId: string;
      readonly instance: Instance;
      readonly cause: string;
    }
  | {
      readonly kind: "deregister";
      readonly workloadId: string;
      readonly instance: Instance;
      readonly cause: string;
    };

export interface DesiredWorkload {
  readonly workload: Workload;
  readonly instance: Instance;
  /** What its sidecar must have been created from. */
  readonly specification: string;
  /** Application and sidecar both answer: the catalog may know. */
  readonly ready: boolean;
}

export interface Observed {
  /** Containers in the role of sidecar or init that exist now. */
  readonly sidecars: readonly SidecarFacts[];
  /** Container ids whose namespace, since this very start of theirs, has its redirection. */
  readonly intercepted: ReadonlyMap<string, string>;
  /** This node's instances in the catalog; undefined while that is not known. */
  readonly registered: readonly Instance[] | undefined;
}

const ORDER = ["deregister", "remove-sidecar", "intercept", "attach", "register"] as const;

export function plan(desired: readonly DesiredWorkload[], observed: Observed): readonly Step[] {
  const wanted = new Map(desired.map((entry) => [entry.workload.containerId, entry]));
  const steps = [
    ...planDeregistrations(wanted, observed.registered ?? []),
    ...planRemovals(wanted, observed.sidecars),
    ...desired.flatMap((entry) => planWorkload(entry, observed)),
  ];
  const rank = (step: Step): string => `${ORDER.indexOf(step.kind)} ${stepSubject(step)}`;
  return steps.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

function planDeregistrations(
  wanted: ReadonlyMap<string, DesiredWorkload>,
  registered: readonly Instance[],
): Step[] {
  return registered
    .filter((instance) => wanted.get(instance.containerId)?.instance.id !== instance.id)
    .map((instance) => ({
      kind: "deregister",
      workloadId: instance.containerId,
      instance,
      cause: wanted.has(instance.containerId) ? "now another service" : "workload is gone",
    }));
}

function planRemovals(
  wanted: ReadonlyMap<string, DesiredWorkload>,
  sidecars: readonly SidecarFacts[],
): Step[] {
  const kept = new Set<string>();
  const steps: Step[] = [];
  for (const sidecar of sidecars) {
    const entry = wanted.get(sidecar.workloadId);
    const cause =
      removalCause(entry, sidecar) ?? (kept.has(sidecar.workloadId) ? "second sidecar" : undefined);
    if (cause === undefined) kept.add(sidecar.workloadId);
    else steps.push({ kind: "remove-sidecar", workloadId: sidecar.workloadId, sidecar, cause });
  }
  return steps;
}

/** Why this sidecar cannot stay; undefined when it can. */
function removalCause(
  entry: DesiredWorkload | undefined,
  sidecar: SidecarFacts,
): string | undefined {
  if (sidecar.role !== "sidecar") return "left over from an interrupted attach";
  if (entry === undefined) return "workload is gone";
  if (sidecar.workloadStartedAt !== entry.workload.startedAt)
    return "workload restarted with a new network namespace";
  if (sidecar.specification !== entry.specification) return "labels or image changed";
  return sidecar.running ? undefined : "sidecar stopped";
}

function planWorkload(entry: DesiredWorkload, observed: Observed): Step[] {
  const { workload, instance } = entry;
  const workloadId = workload.containerId;
  const steps: Step[] = [];
  if (workload.intercept === "on" && observed.intercepted.get(workloadId) !== workload.startedAt) {
    steps.push({ kind: "intercept", workloadId, workload, cause: "new network namespace" });
  }
  const attached = observed.sidecars.some(
    (sidecar) => sidecar.workloadId === workloadId && removalCause(entry, sidecar) === undefined,
  );
  if (!attached) steps.push({ kind: "attach", workloadId, workload, cause: "no sidecar" });
  const known = observed.registered?.find(({ id }) => id === instance.id);
  if (observed.registered !== undefined && entry.ready && !isDeepStrictEqual(known, instance)) {
    const cause = known === undefined ? "workload and sidecar are ready" : "registration differs";
    steps.push({ kind: "register", workloadId, instance, cause });
  }
  return steps;
}

/** What a step is about, for people. */
export function stepSubject(step: Step): string {
  switch (step.kind) {
    case "remove-sidecar":
      return step.sidecar.name;
    case "intercept":
    case "attach":
      return step.workload.containerName;
    case "register":
    case "deregister":
      return step.instance.id;
  }
}

/** The plan as text, a step a line: what logs, the API and the tests show. */
export function printPlan(steps: readonly Step[]): string {
  if (steps.length === 0) return "nothing to do\n";
  return steps.map((step) => `${step.kind} ${stepSubject(step)}: ${step.cause}\n`).join("");
}
