// What to do next, as a value: desired × observed → steps, each with its cause. Pure and sorted; asks nobody, does nothing.
// A step exists only while it is due, so an empty plan means that the node is as its labels say.
import { isDeepStrictEqual } from "node:util";
import type { Instance } from "../../mesh/model.ts";
import type { ContainerFacts, SidecarFacts } from "../docker/container-facts.ts";
import type { Workload } from "../workload/workload.ts";
import { planStarts, type StartStep } from "./explicit.ts";
import { type HeldContainer, type HoldStep, planHolds } from "./hold.ts";
import { interceptionMark, isMarkOf } from "./interception.ts";

export type Step =
  | HoldStep
  | StartStep
  | {
      readonly kind: "remove-sidecar";
      readonly workloadId: string;
      readonly sidecar: SidecarFacts;
      readonly cause: string;
    }
  | {
      /** The application goes on without the redirection. */
      readonly kind: "release";
      readonly workloadId: string;
      readonly containerName: string;
      readonly cause: string;
    }
  | {
      /** The application goes on without this sidecar. */
      readonly kind: "detach";
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
      readonly kind: "hand-over";
      readonly workloadId: string;
      readonly workload: Workload;
      /** Where it exists already; else it is to be made. */
      readonly successor: SidecarFacts | undefined;
      readonly cause: string;
    }
  | {
      readonly kind: "retire";
      readonly workloadId: string;
      readonly sidecar: SidecarFacts;
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
  /** Containers in the role of sidecar or init that exist now, the oldest first. */
  readonly sidecars: readonly SidecarFacts[];
  /** Ids of sidecars whose listeners are open. */
  readonly serving: ReadonlySet<string>;
  /** Ids of those among them that could do without any other one beside their workload. */
  readonly fit: ReadonlySet<string>;
  /** Users' containers that run now, whether they want the mesh or not. */
  readonly running: readonly Pick<ContainerFacts, "id" | "name" | "startedAt">[];
  /** Container id → mark of the redirection that its namespace has. */
  readonly intercepted: ReadonlyMap<string, string>;
  /** This node's instances in the catalog; undefined while that is not known. */
  readonly registered: readonly Instance[] | undefined;
  /** Containers that an agent has paused, or tried to, at their start. */
  readonly held: readonly HeldContainer[];
}

const ORDER = [
  "forget-hold",
  "resume",
  "deregister",
  "remove-sidecar",
  "release",
  "detach",
  "intercept",
  "start",
  "attach",
  "hand-over",
  "retire",
  "register",
] as const;

/**
 * Workloads whose sidecars are replaced at the same time: a node's processors are for its applications, and a version that
 * does not come up is tried out on as few.
 */
const HAND_OVERS_AT_ONCE = 4;

export function plan(desired: readonly DesiredWorkload[], observed: Observed): readonly Step[] {
  const wanted = new Map(desired.map((entry) => [entry.workload.containerId, entry]));
  const steps = [
    ...planHolds(observed.held),
    ...planDeregistrations(wanted, observed),
    ...planRemovals(wanted, observed),
    ...planReleases(wanted, observed),
    ...desired.flatMap((entry) => planWorkload(entry, observed)),
    ...planHandOvers(desired, observed),
  ];
  const rank = ({ kind }: Step): number => ORDER.indexOf(kind);
  return steps.sort((a, b) => rank(a) - rank(b) || (stepSubject(a) < stepSubject(b) ? -1 : 1));
}

function planDeregistrations(
  wanted: ReadonlyMap<string, DesiredWorkload>,
  { registered = [], running }: Observed,
): Step[] {
  const goneCause = ({ containerId }: Instance): string =>
    running.some(({ id }) => id === containerId) ? LEFT : "workload is gone";
  return registered
    .filter((instance) => wanted.get(instance.containerId)?.instance.id !== instance.id)
    .map((instance) => ({
      kind: "deregister",
      workloadId: instance.containerId,
      instance,
      cause: wanted.has(instance.containerId) ? "now another service" : goneCause(instance),
    }));
}

function planRemovals(
  wanted: ReadonlyMap<string, DesiredWorkload>,
  { sidecars, running }: Observed,
): Step[] {
  return sidecars.flatMap((sidecar): Step[] => {
    const { workloadId } = sidecar;
    if (sidecar.explicit !== undefined) return [];
    const entry = wanted.get(workloadId);
    if (entry === undefined && isServing(sidecar, running))
      return [{ kind: "detach", workloadId, sidecar, cause: LEFT }];
    const cause = removalCause(entry, sidecar);
    return cause === undefined ? [] : [{ kind: "remove-sidecar", workloadId, sidecar, cause }];
  });
}

const LEFT = "it is not to be in the mesh any more";

/** Whether an application beside it runs and may have something open through it. */
function isServing(
  { role, running: runs, workloadId, workloadStartedAt }: SidecarFacts,
  running: Observed["running"],
): boolean {
  if (role !== "sidecar" || !runs) return false;
  return running.some(({ id, startedAt }) => id === workloadId && startedAt === workloadStartedAt);
}

/** Redirections that lead to nobody, or are not wanted any more, in namespaces that live on. */
function planReleases(
  wanted: ReadonlyMap<string, DesiredWorkload>,
  { running, intercepted }: Observed,
): Step[] {
  return running
    .filter(({ id, startedAt }) => isMarkOf(intercepted.get(id), startedAt))
    .filter(({ id }) => wanted.get(id)?.workload.intercept !== "on")
    .map(({ id, name }) => ({
      ...{ kind: "release", workloadId: id, containerName: name },
      cause: wanted.has(id) ? "mesh.intercept is off now" : LEFT,
    }));
}

/** Why this sidecar is of no use to anybody; undefined when it may be serving. */
function removalCause(
  entry: DesiredWorkload | undefined,
  sidecar: SidecarFacts,
): string | undefined {
  if (sidecar.role !== "sidecar") return "left over from an interrupted attach";
  if (entry === undefined) return "workload is gone";
  if (sidecar.workloadStartedAt !== entry.workload.startedAt)
    return "workload restarted with a new network namespace";
  return sidecar.running ? undefined : "sidecar stopped";
}

/** Sidecars of the agent's that run beside the workload as it is now, the oldest first. */
function besideOf(entry: DesiredWorkload, observed: Observed): readonly SidecarFacts[] {
  return observed.sidecars.filter(
    (sidecar) =>
      sidecar.workloadId === entry.workload.containerId &&
      sidecar.explicit === undefined &&
      removalCause(entry, sidecar) === undefined,
  );
}

/** Sidecars are replaced where their workload runs on: the successor comes first, then the others leave. */
function planHandOvers(desired: readonly DesiredWorkload[], observed: Observed): Step[] {
  const steps = desired.flatMap((entry) => planHandOver(entry, observed));
  const due = steps
    .filter(({ kind }) => kind === "hand-over")
    .sort((a, b) => (handOverRank(a) < handOverRank(b) ? -1 : 1));
  const later = new Set(due.slice(HAND_OVERS_AT_ONCE));
  return steps.filter((step) => !later.has(step));
}

/** Those under way first: what has begun is finished. */
function handOverRank(step: Step): string {
  const isUnderWay = step.kind === "hand-over" && step.successor !== undefined;
  return `${isUnderWay ? 0 : 1} ${stepSubject(step)}`;
}

function planHandOver(entry: DesiredWorkload, observed: Observed): Step[] {
  const { workload } = entry;
  const workloadId = workload.containerId;
  const beside = besideOf(entry, observed);
  if (beside.length === 0) return [];
  const made = beside.filter(({ specification }) => specification === entry.specification);
  const successor = made.findLast(({ id }) => observed.fit.has(id)) ?? made.at(-1);
  const others = beside.filter((sidecar) => sidecar !== successor);
  if (successor !== undefined && observed.fit.has(successor.id)) {
    const cause = `replaced by ${successor.name}`;
    return others.map((sidecar) => ({ kind: "retire", workloadId, sidecar, cause }));
  }
  // One that has left its listeners already is nothing to fall back on.
  const isServed = others.some(({ id }) => observed.serving.has(id));
  if (successor !== undefined && !isServed) return [];
  const cause = successor === undefined ? "labels or image changed" : "its successor is starting";
  return [{ kind: "hand-over", workloadId, workload, successor, cause }];
}

function planWorkload(entry: DesiredWorkload, observed: Observed): Step[] {
  const { workload, instance } = entry;
  const workloadId = workload.containerId;
  const steps: Step[] = planStarts(workload, observed.sidecars);
  const isOurs = workload.sidecar === "agent";
  const mark = observed.intercepted.get(workloadId);
  if (isOurs && workload.intercept === "on" && mark !== interceptionMark(workload)) {
    const isChange = isMarkOf(mark, workload.startedAt);
    const cause = isChange ? "other rules than before" : "new network namespace";
    steps.push({ kind: "intercept", workloadId, workload, cause });
  }
  if (isOurs && besideOf(entry, observed).length === 0)
    steps.push({ kind: "attach", workloadId, workload, cause: "no sidecar" });
  const known = observed.registered?.find(({ id }) => id === instance.id);
  const mayBeCalled = entry.ready && workload.offered;
  if (observed.registered !== undefined && mayBeCalled && !isDeepStrictEqual(known, instance)) {
    const cause = known === undefined ? "workload and sidecar are ready" : "registration differs";
    steps.push({ kind: "register", workloadId, instance, cause });
  }
  return steps;
}

/** What a step is about, for people. */
export function stepSubject(step: Step): string {
  switch (step.kind) {
    case "resume":
    case "forget-hold":
      return step.hold.containerName;
    case "release":
      return step.containerName;
    case "remove-sidecar":
    case "detach":
    case "retire":
      return step.sidecar.name;
    case "start":
      return step.container.name;
    case "intercept":
    case "attach":
    case "hand-over":
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
