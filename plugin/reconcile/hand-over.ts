// Replacing a sidecar under a running workload: the successor has to prove itself before anybody leaves, and goes again if it
// does not. Who leaves then is the plan's business.
import type { Clock } from "../../mesh/clock.ts";
import { MeshError } from "../../mesh/errors.ts";
import type { SidecarReport } from "../../proxy/configuration/snapshot.ts";
import type { Engine } from "../docker/engine.ts";
import { tellingLine } from "../docker/telling-line.ts";
import type { Workload } from "../workload/workload.ts";

/** A successor does all that its predecessor does by then, or is removed, ms. */
export const SUCCESSOR_LIMIT = 30_000;
/** Between two looks at it, ms. */
const LOOK_INTERVAL = 50;
/** One that has ended as often as this will go on so: why wait? */
const MOST_RESTARTS = 3;
/** Between two questions to the engine whether it has, ms. */
const ASK_INTERVAL = 1_000;

/** What is known of sidecars and workloads at this moment. */
export interface HandOverView {
  /** Whether the sidecar does all that any other one beside its workload does. */
  isFit(sidecarId: string): boolean;
  /** Whether this start of the workload is the present one. */
  isRunning(workload: Workload): boolean;
  reportOf(sidecarId: string): SidecarReport | undefined;
}

export interface HandOverContext {
  readonly view: HandOverView;
  readonly clock: Clock;
  readonly engine: Pick<Engine, "lastLines" | "restarts">;
}

/**
 * Resolves when the successor is fit: true, or when it is needed no more, since its workload has ended: false. Throws
 * SIDECAR_PROBLEM when it has not become fit in time, or ends again and again, and the signal's reason.
 */
export async function untilFit(
  workload: Workload,
  successorId: string,
  { view, clock, engine }: HandOverContext,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = clock.monotonic() + SUCCESSOR_LIMIT;
  let askAt = clock.monotonic() + ASK_INTERVAL;
  let restarts = 0;
  while (view.isRunning(workload)) {
    if (view.isFit(successorId)) return true;
    if (clock.monotonic() > askAt) {
      restarts = await engine.restarts(successorId, signal);
      askAt = clock.monotonic() + ASK_INTERVAL;
    }
    if (clock.monotonic() > deadline || restarts >= MOST_RESTARTS) {
      const reason = await whyUnfit(successorId, view, engine, signal);
      throw new MeshError(
        "SIDECAR_PROBLEM",
        `expected the new sidecar of ${workload.containerName} to be ready within ${SUCCESSOR_LIMIT / 1_000} s, found that ${reason}; the old one goes on, and the change is tried again`,
      );
    }
    await clock.sleep(LOOK_INTERVAL, signal);
  }
  return false;
}

async function whyUnfit(
  sidecarId: string,
  view: HandOverView,
  engine: HandOverContext["engine"],
  signal: AbortSignal,
): Promise<string> {
  const report = view.reportOf(sidecarId);
  if (report === undefined) {
    const printed = await engine.lastLines(sidecarId, signal).catch(() => "");
    const last = tellingLine(printed);
    return `it has never reported${last === undefined ? "" : ` and printed: ${last}`}`;
  }
  const problems = report.problems.join("; ");
  if (problems !== "") return problems;
  return report.ready
    ? `of the application it says: ${report.applicationNote}`
    : "it opens no ports";
}
