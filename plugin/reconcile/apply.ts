// Carries out steps of a plan; decides nothing. Steps of one workload run in a lane of their own, in the plan's order
// (redirection and sidecar side by side, since neither waits for the other); lanes run beside each other.
import { randomBytes } from "node:crypto";
import { MeshError } from "../../mesh/errors.ts";
import type { Instance } from "../../mesh/model.ts";
import { DETACH_SIGNAL, HAND_OVER_TIME } from "../../proxy/configuration/snapshot.ts";
import type { Catalog } from "../../registry/catalog.ts";
import type { Engine } from "../docker/engine.ts";
import {
  type InterceptedContainer,
  interceptionContainer,
  type SidecarTemplate,
  sidecarContainer,
  sidecarSpecification,
} from "../docker/sidecar-container.ts";
import type { Workload } from "../workload/workload.ts";
import type { ContainerRecord } from "./container-record.ts";
import { type HandOverContext, untilFit } from "./hand-over.ts";
import type { Holds } from "./holds.ts";
import { interceptionMark } from "./interception.ts";
import type { Step } from "./plan.ts";

/** Shorter than the time that Docker gives an agent to stop, ms. */
const CLEAN_UP_LIMIT = 5_000;
/** Seconds after which a sidecar that was told to leave is killed: it should have ended by itself by then. */
const RETIREMENT_LIMIT = HAND_OVER_TIME / 1_000 + 5;
/** Seconds that a sidecar has for what is in flight when its application goes on without it; it takes 8 at most. */
const DETACHMENT_LIMIT = 12;

export interface ApplyContext extends HandOverContext {
  readonly engine: Pick<
    Engine,
    "create" | "start" | "signal" | "stop" | "waitForExit" | "lastLines" | "restarts" | "remove"
  >;
  readonly catalog: Pick<Catalog, "register" | "report" | "deregister">;
  readonly template: SidecarTemplate;
  readonly interceptions: ContainerRecord;
  readonly holds: Pick<Holds, "resume" | "forget">;
  /** Called with the ids of containers that changed, before their events arrive. */
  readonly onChanged: (containerIds: readonly string[]) => void;
  readonly onRegistered: (instance: Instance, registered: boolean) => void;
}

/**
 * Containers and catalog do not wait for each other: a catalog that is away must not keep a sidecar from being removed. Nor
 * does anything wait for a sidecar that leaves, which takes its time.
 */
export function laneOf(step: Step): string {
  if (step.kind === "retire") return `sidecar ${step.sidecar.id} ${step.workloadId}`;
  if (step.kind === "resume" || step.kind === "forget-hold") return `hold ${step.workloadId}`;
  const lane = step.kind === "register" || step.kind === "deregister" ? "catalog" : "containers";
  return `${lane} ${step.workloadId}`;
}

/** Runs the steps of one workload; the first failure ends the lane and is thrown. */
export async function applyLane(
  steps: readonly Step[],
  context: ApplyContext,
  signal: AbortSignal,
): Promise<void> {
  const beside = steps.filter(({ kind }) => BESIDE.has(kind));
  for (const step of steps.filter(({ kind }) => FIRST.has(kind)))
    await applyStep(step, context, signal);
  const results = await Promise.allSettled(beside.map((step) => applyStep(step, context, signal)));
  for (const result of results) if (result.status === "rejected") throw result.reason;
  for (const step of steps.filter(({ kind }) => kind === "register"))
    await applyStep(step, context, signal);
}

const FIRST: ReadonlySet<Step["kind"]> = new Set([
  "forget-hold",
  "resume",
  "deregister",
  "remove-sidecar",
  "release",
  "detach",
  "retire",
]);
const BESIDE: ReadonlySet<Step["kind"]> = new Set(["intercept", "start", "attach", "hand-over"]);

async function applyStep(step: Step, context: ApplyContext, signal: AbortSignal): Promise<void> {
  switch (step.kind) {
    case "forget-hold":
      return await context.holds.forget(step.hold);
    case "resume":
      await context.holds.resume(step.hold, step.problem, signal);
      return context.onChanged([step.workloadId]);
    case "remove-sidecar":
      await context.engine.remove(step.sidecar.id, signal);
      return context.onChanged([step.sidecar.id]);
    case "intercept":
      await intercept(step.workload, context, signal);
      return await context.interceptions.add(step.workloadId, interceptionMark(step.workload));
    case "release":
      await intercept({ ...RELEASED, ...step, containerId: step.workloadId }, context, signal);
      return await context.interceptions.forget(step.workloadId);
    case "detach":
      return await detach(step.sidecar.id, context, signal);
    case "start":
      return await startExplicit(step, context, signal);
    case "attach":
      await attach(step.workload, false, context, signal);
      return;
    case "hand-over":
      return await handOver(step, context, signal);
    case "retire":
      await context.engine.stop(step.sidecar.id, RETIREMENT_LIMIT, signal);
      await context.engine.remove(step.sidecar.id, signal);
      return context.onChanged([step.sidecar.id]);
    case "register":
      await context.catalog.register(step.instance, signal);
      // Only what is well is registered: saying so at once makes it routable a pass earlier.
      await context.catalog.report(
        step.instance.id,
        { health: "passing", note: step.cause },
        signal,
      );
      return context.onRegistered(step.instance, true);
    case "deregister":
      await context.catalog.deregister(step.instance.id, signal);
      return context.onRegistered(step.instance, false);
  }
}

/** Returns the id of the new sidecar. */
async function attach(
  workload: Workload,
  takesOver: boolean,
  context: ApplyContext,
  signal: AbortSignal,
): Promise<string> {
  const unique = {
    token: randomBytes(24).toString("base64url"),
    suffix: randomBytes(3).toString("hex"),
    specification: sidecarSpecification(context.template, workload),
    takesOver,
  };
  const id = await context.engine.create(
    sidecarContainer(context.template, workload, unique),
    signal,
  );
  // Looked at before it runs: the token must be known when the sidecar knocks.
  context.onChanged([id]);
  try {
    await context.engine.start(id, signal);
    return id;
  } catch (error) {
    await cleanUp(id, context);
    throw error;
  } finally {
    context.onChanged([id]);
  }
}

/** An agent that is stopped meanwhile leaves the successor to the next one, which finds both. */
async function handOver(
  { workload, successor }: Extract<Step, { readonly kind: "hand-over" }>,
  context: ApplyContext,
  signal: AbortSignal,
): Promise<void> {
  const id = successor?.id ?? (await attach(workload, true, context, signal));
  try {
    await untilFit(workload, id, context, signal);
  } catch (error) {
    if (!signal.aborted) await cleanUp(id, context);
    throw error;
  } finally {
    context.onChanged([id]);
  }
}

/** Names lead where they did before the mesh at once, and nothing new comes: what is in flight ends. */
async function detach(id: string, context: ApplyContext, signal: AbortSignal): Promise<void> {
  await context.engine.signal(id, DETACH_SIGNAL, signal);
  // A second word would not be needed if the engine did not start again what ends by itself.
  await context.engine.stop(id, DETACHMENT_LIMIT, signal);
  await context.engine.remove(id, signal);
  context.onChanged([id]);
}

/** An init container is waited for: whether the redirection is there says its end. */
async function startExplicit(
  { container }: Extract<Step, { readonly kind: "start" }>,
  context: ApplyContext,
  signal: AbortSignal,
): Promise<void> {
  try {
    await context.engine.start(container.id, signal);
    if (container.role !== "init") return;
    const { code, output } = await context.engine.waitForExit(container.id, signal);
    if (code !== 0) throw notInstalled(container.name, `${code}: ${output}`, "allow");
  } finally {
    context.onChanged([container.id]);
  }
}

function notInstalled(of: string, end: string, egress: InterceptedContainer["egress"]): MeshError {
  const advice =
    egress === "allow"
      ? "mesh.intercept=off goes without"
      : "until it does, nothing holds the application to mesh.egress but its pause; mesh.egress=allow goes without";
  return new MeshError(
    "ENGINE_REFUSED",
    `expected nft to install the redirection of ${of}, it ended with ${end}; ${advice}`,
  );
}

/** Rules that lead nothing to the sidecar any more; addresses of services lead to it while it is there. */
const RELEASED = { mtls: "permissive", redirected: [], egress: "allow" } as const;

async function intercept(
  workload: InterceptedContainer,
  context: ApplyContext,
  signal: AbortSignal,
): Promise<void> {
  const suffix = randomBytes(3).toString("hex");
  const id = await context.engine.create(
    interceptionContainer(context.template, workload, suffix),
    signal,
  );
  try {
    await context.engine.start(id, signal);
    const { code, output } = await context.engine.waitForExit(id, signal);
    if (code !== 0)
      throw notInstalled(workload.containerName, `${code}: ${output}`, workload.egress);
  } finally {
    await cleanUp(id, context);
    context.onChanged([id]);
  }
}

/**
 * Removes what a step created, also while the agent is stopping. What cannot be removed now is left to the next look,
 * which finds it by its labels: the step's own failure is the one to tell.
 */
async function cleanUp(id: string, context: ApplyContext): Promise<void> {
  await context.engine.remove(id, AbortSignal.timeout(CLEAN_UP_LIMIT)).catch(() => undefined);
}
