// When an application that was held at its start (`mesh.hold`) may run: pure, from what is known at this moment. Whatever
// happens, it ends in a container that runs; doing it is the business of `holds.ts` and `apply.ts`.
import type { ContainerFacts } from "../docker/container-facts.ts";
import type { SidecarState } from "../sidecars/sessions.ts";

/** An application runs by then, with or without its sidecar, ms: it was started to work, and may do without the mesh. */
export const HOLD_LIMIT = 30_000;

/** One start of a container that the agent paused. */
export interface Hold {
  readonly containerId: string;
  readonly containerName: string;
  /** By the engine's wall clock, ms: this start was not later. */
  readonly startedBy: number;
}

/** A hold, and what has become of its container. */
export interface HeldContainer extends Hold {
  /** Undefined when it does not run. */
  readonly facts: Pick<ContainerFacts, "paused" | "startedAt"> | undefined;
  /** Whether it got its stop signal. */
  readonly stopping: boolean;
  /** How long this agent has known of the hold, ms. */
  readonly heldFor: number;
  /** Whether it runs without having been waited for any longer, or could not be held: kept only for the problem shown. */
  readonly givenUp: boolean;
  readonly outlook: Outlook;
}

/** What is to be waited for; `no workload`: nothing ever, since the container gets no sidecar. */
export type Outlook = "ready" | "no workload" | Waiting;

export interface Waiting {
  readonly waitsFor: string;
  /** It must not run at all before that, however long it takes (`mesh.egress`). */
  readonly confined?: true;
}

interface HoldStepParts {
  readonly workloadId: string;
  readonly hold: Hold;
  readonly cause: string;
}

export type HoldStep =
  | (HoldStepParts & {
      readonly kind: "resume";
      /** Shown as long as it is true; undefined when all went well. */
      readonly problem: string | undefined;
    })
  | (HoldStepParts & { readonly kind: "forget-hold" });

/** The steps that are due for held containers, in their order. */
export function planHolds(held: readonly HeldContainer[]): HoldStep[] {
  return held.flatMap((container) => {
    const step = planHold(container);
    return step === undefined ? [] : [step];
  });
}

function planHold(held: HeldContainer): HoldStep | undefined {
  const { containerId, containerName, startedBy } = held;
  const hold: Hold = { containerId, containerName, startedBy };
  const over = overCause(held);
  if (over !== undefined)
    return { kind: "forget-hold", workloadId: containerId, hold, cause: over };
  const resume = resumption(held);
  return resume && { kind: "resume", workloadId: containerId, hold, ...resume };
}

/** Why there is nothing to resume; undefined while the container stands still because of this agent or the one before. */
function overCause({ facts, startedBy, givenUp, outlook }: HeldContainer): string | undefined {
  if (facts === undefined) return "it has ended";
  if (Date.parse(facts.startedAt) > startedBy) return "it was started anew";
  if (givenUp) return typeof outlook === "object" ? undefined : "nothing is waited for any more";
  return facts.paused ? undefined : "somebody else let it run";
}

function resumption(
  held: HeldContainer,
): { readonly cause: string; readonly problem: string | undefined } | undefined {
  const { outlook, stopping, heldFor, givenUp } = held;
  if (givenUp) return undefined;
  if (outlook === "ready") return { cause: "its sidecar is ready", problem: undefined };
  if (outlook === "no workload") return { cause: "it gets no sidecar", problem: undefined };
  if (stopping) return { cause: "it is to stop", problem: undefined };
  if (heldFor < HOLD_LIMIT || outlook.confined) return undefined;
  const found = `expected its sidecar to be ready within ${HOLD_LIMIT / 1_000} s of the start, found that ${outlook.waitsFor}`;
  return {
    cause: "its sidecar is late",
    problem: `${found}; the application runs since, and may have called around the mesh or in vain (mesh.hold)`,
  };
}

/** What is known of a workload that is, or may be, held. */
export interface HoldView {
  readonly sidecar: SidecarState | undefined;
  /** Whether the redirection that it wants is installed. */
  readonly intercepted: boolean;
  /** Whether it must not run without it. */
  readonly confined: boolean;
  /** Whether the agent has seen the catalog: before that, snapshots name no endpoints. */
  readonly catalogSeen: boolean;
}

/** Whether all is there that the application's first call needs. */
export function outlookOf(view: HoldView): Outlook {
  const waitsFor = missing(view);
  if (waitsFor === undefined) return "ready";
  return view.confined && !view.intercepted ? { waitsFor, confined: true } : { waitsFor };
}

function missing({ sidecar, intercepted, catalogSeen }: HoldView): string | undefined {
  const report = sidecar?.report;
  if (sidecar === undefined) return "there is none yet";
  if (sidecar.lost || report === undefined) return "it does not report";
  if (report.problems.length > 0) return report.problems.join("; ");
  if (!catalogSeen) return "the catalog has not been read yet";
  if (report.version === undefined) return "it has no snapshot yet";
  if (!report.ready) return "its ports are not open yet";
  return intercepted ? undefined : "the redirection is not installed yet";
}
