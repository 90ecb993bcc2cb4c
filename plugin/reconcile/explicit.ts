// Sidecars that stand in users' compose files (`docker mesh inject`): the agent serves them, and starts them again where the
// engine could not; it neither makes, replaces nor removes them. Pure.
import type { ContainerFacts, SidecarFacts } from "../docker/container-facts.ts";
import { interceptionRules } from "../docker/interception-rules.ts";
import type { Problem } from "../status.ts";
import { AGENT_VERSION } from "../version.ts";
import type { Workload } from "../workload/workload.ts";
import { interceptionMark } from "./interception.ts";

export interface StartStep {
  readonly kind: "start";
  readonly workloadId: string;
  readonly container: SidecarFacts;
  readonly cause: string;
}

/**
 * The same sidecars, with the start of their workloads to which the explicit ones belong: whoever was started after a
 * container shares the namespace that it has now. Empty for others, and beside containers that do not ask for one.
 */
export function withWorkloadStarts(
  sidecars: readonly SidecarFacts[],
  containers: readonly ContainerFacts[],
): SidecarFacts[] {
  return sidecars.map((sidecar) => {
    if (sidecar.explicit === undefined) return sidecar;
    const workload = containers.find(({ id }) => id === sidecar.workloadId);
    const isAsked = workload?.labels["mesh.sidecar"] === "explicit";
    const isPresent = isAsked && isLater(sidecar.explicit.startedAt, workload.startedAt);
    return { ...sidecar, workloadStartedAt: isPresent ? workload.startedAt : "" };
  });
}

/** Of the engine's own times, in UTC with up to nine digits behind the second. */
function isLater(time: string, than: string): boolean {
  return sortable(time) > sortable(than);
}

function sortable(time: string): string {
  const [seconds = "", fraction = ""] = time.replace(/Z$/, "").split(".");
  return `${seconds}.${fraction.padEnd(9, "0")}`;
}

/** What is to be started for a workload. One that was stopped by somebody ends with 0 and is left alone. */
export function planStarts(workload: Workload, sidecars: readonly SidecarFacts[]): StartStep[] {
  if (workload.sidecar !== "explicit") return [];
  const workloadId = workload.containerId;
  return explicitOf(workload, sidecars)
    .filter(({ running }) => !running)
    .flatMap((container): StartStep[] => {
      if (container.role === "sidecar" && container.explicit?.exitCode !== 0)
        return [{ kind: "start", workloadId, container, cause: "it ended with its workload" }];
      const isDue = container.role === "init" && workload.intercept === "on";
      if (!isDue || !hasRulesOf(workload, container) || hasWorked(workload, container)) return [];
      return [{ kind: "start", workloadId, container, cause: "new network namespace" }];
    });
}

/** Marks of the redirections that are installed, by container id: those that were written down, and those of explicit init containers. */
export function interceptionMarks(
  known: ReadonlyMap<string, string>,
  workloads: readonly Workload[],
  sidecars: readonly SidecarFacts[],
): ReadonlyMap<string, string> {
  const explicit = workloads
    .filter((workload) =>
      explicitOf(workload, sidecars).some(
        (container) => hasRulesOf(workload, container) && hasWorked(workload, container),
      ),
    )
    .map((workload): [string, string] => [workload.containerId, interceptionMark(workload)]);
  return explicit.length === 0 ? known : new Map([...known, ...explicit]);
}

/** What only the user can mend. */
export function explicitProblems(
  workloads: readonly Workload[],
  sidecars: readonly SidecarFacts[],
): Problem[] {
  return workloads
    .filter(({ sidecar }) => sidecar === "explicit")
    .flatMap((workload) => {
      const subject = workload.containerName;
      return [...problemsOf(workload, explicitOf(workload, sidecars))].map((message) => ({
        ...{ subject, code: "SIDECAR_PROBLEM" },
        message: `${message} (mesh.sidecar=explicit)`,
      }));
    });
}

const AGAIN = "run docker mesh inject on the file again and docker compose up";

function* problemsOf(workload: Workload, containers: readonly SidecarFacts[]): Generator<string> {
  const sidecar = containers.find(({ role }) => role === "sidecar");
  if (sidecar === undefined)
    yield "expected a container of the compose file as its sidecar, found none: docker compose up makes it; only the first copy of a service can have one";
  else if (!sidecar.running)
    yield "expected its sidecar to run, found it stopped: docker compose up starts it";
  else if (sidecar.explicit?.tokenDigest === undefined)
    yield "expected a log driver of its sidecar that docker logs can read, found one that cannot: without its log the agent does not know its token";
  else if (sidecar.version !== AGENT_VERSION)
    yield `its sidecar is of version ${sidecar.version}, the agent of ${AGENT_VERSION}, which replaces none that it has not made: ${AGAIN}`;
  const inits = containers.filter(({ role }) => role === "init");
  if (workload.intercept === "on" && !inits.some((init) => hasRulesOf(workload, init)))
    yield `expected a container of the compose file that installs the redirection that its labels ask for, found ${inits.length === 0 ? "none" : "one with other rules"}: ${AGAIN}`;
}

/** Those that share the workload's namespace, by what the engine says. */
function explicitOf(
  { containerId, sidecar }: Workload,
  sidecars: readonly SidecarFacts[],
): readonly SidecarFacts[] {
  if (sidecar !== "explicit") return [];
  return sidecars.filter(
    ({ explicit, workloadId }) => explicit !== undefined && workloadId === containerId,
  );
}

function hasRulesOf(workload: Workload, { role, explicit }: SidecarFacts): boolean {
  return role === "init" && explicit?.rules === interceptionRules(workload);
}

/** Whether it has run to its good end in the namespace that the workload has now. */
function hasWorked(workload: Workload, init: SidecarFacts): boolean {
  const { running, explicit, workloadStartedAt } = init;
  return !running && explicit?.exitCode === 0 && workloadStartedAt === workload.startedAt;
}
