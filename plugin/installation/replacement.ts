// Waiting for another version to be at work: its own containers first, then the sidecars that its agent replaces. Asks the
// engine, which tells of every version in the same way; the agent only for reasons.
import type Docker from "dockerode";
import { systemClock } from "../../mesh/clock.ts";
import { MeshError } from "../../mesh/errors.ts";
import { askAgent, inTime } from "../commands/ask-agent.ts";
import { readStatus } from "../commands/read-status.ts";
import { Engine } from "../docker/engine.ts";
import { tellingLine } from "../docker/telling-line.ts";
import { untilCatalog } from "./bring-up.ts";
import type { Installation } from "./installation.ts";
import { runningImages } from "./running-images.ts";

const LOOK_EVERY = 300;
/** A process that ends as often as this at its start will go on so. */
const MOST_RESTARTS = 2;
/** A successor has 30 s to come up, and its predecessor 60 s for what it has open; some of these at once, ms. */
const NO_PROGRESS = 150_000;

/**
 * Resolves when all containers of the mesh's own project are up, and its agent reaches the catalog. Throws AGENT_UNAVAILABLE when one
 * ends again and again, is not healthy, or they take longer than `limit`, ms.
 */
export async function untilMeshReady(
  installation: Installation,
  limit: number,
  signal: AbortSignal,
): Promise<void> {
  const { asked, project } = installation;
  const deadline = systemClock.monotonic() + limit;
  let waitsFor = "";
  while (systemClock.monotonic() < deadline) {
    const late = await inTime(asked, signal, (limited) =>
      lateParts(asked.docker, project, limited),
    );
    if (late === undefined) return await untilCatalog(installation, signal);
    waitsFor = late;
    await systemClock.sleep(LOOK_EVERY, signal);
  }
  throw new MeshError("AGENT_UNAVAILABLE", `${waitsFor} after ${limit / 1_000} s`);
}

/** What is not up yet, in words; throws for what will not come up. */
async function lateParts(
  docker: Docker,
  project: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const parts = await docker.listContainers({
    ...{ all: true, abortSignal: signal },
    filters: { label: [`com.docker.compose.project=${project}`] },
  });
  const late = parts.filter(({ State, Status }) => State !== "running" || !isHealthy(Status));
  for (const part of late) await refuseEnding(docker, part, signal);
  const [first] = late;
  if (first !== undefined) return `${nameOf(first)} is not ready: ${first.Status}`;
  return parts.length === 0 ? "no container of the mesh is there" : undefined;
}

/** As `docker ps` shows it: "Up 5 seconds (health: starting)". */
function isHealthy(status: string): boolean {
  return !/\((?:unhealthy|health: starting)\)/.test(status);
}

async function refuseEnding(
  docker: Docker,
  part: Docker.ContainerInfo,
  signal: AbortSignal,
): Promise<void> {
  const inspected = await docker.getContainer(part.Id).inspect({ abortSignal: signal });
  const { RestartCount: restarts = 0, State: state } = inspected;
  const isEnding = restarts >= MOST_RESTARTS || (state.Status === "exited" && state.ExitCode !== 0);
  if (!isEnding && !part.Status.includes("(unhealthy)")) return;
  const printed = await new Engine(docker).lastLines(part.Id, signal).catch(() => "");
  const reason = tellingLine(printed) ?? `exit code ${state.ExitCode}`;
  const what = isEnding ? "ends again and again" : "is not healthy";
  throw new MeshError("AGENT_UNAVAILABLE", `${nameOf(part)} ${what}: ${reason}`);
}

function nameOf({ Names, Id }: Docker.ContainerInfo): string {
  return Names[0]?.replace(/^\//, "") ?? Id;
}

export interface Replacing {
  readonly imageId: string;
  readonly say: (line: string) => void;
}

/** Resolves when no sidecar is of another image. Throws SIDECAR_PROBLEM when successors do not come up, or nothing changes for long. */
export async function untilSidecarsReplaced(
  { asked, project }: Installation,
  { imageId, say }: Replacing,
  signal: AbortSignal,
): Promise<void> {
  let told = -1;
  let changedAt = systemClock.monotonic();
  for (;;) {
    const { sidecars } = await inTime(asked, signal, (limited) =>
      runningImages(asked.docker, project, limited),
    );
    const left = sidecars.filter((id) => id !== imageId).length;
    if (left !== told) {
      if (sidecars.length > 0) say(`${sidecars.length - left} of ${sidecars.length} sidecars`);
      changedAt = systemClock.monotonic();
      told = left;
    }
    if (left === 0) return;
    const problem = await newSidecarProblem(asked, signal);
    if (problem !== undefined) throw new MeshError("SIDECAR_PROBLEM", problem);
    if (systemClock.monotonic() - changedAt > NO_PROGRESS) {
      const seconds = NO_PROGRESS / 1_000;
      throw new MeshError(
        "SIDECAR_PROBLEM",
        `none of ${left} sidecars was replaced in ${seconds} s`,
      );
    }
    await systemClock.sleep(LOOK_EVERY, signal);
  }
}

/** What the agent says of a successor that did not come up; what it says of other things has been so before, or mends itself. */
async function newSidecarProblem(
  asked: Installation["asked"],
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { problems } = readStatus(await askAgent(asked, "/v1/status", signal));
    return problems.find(
      ({ code, message }) => code === "SIDECAR_PROBLEM" && message.includes("the new sidecar of"),
    )?.message;
  } catch {
    signal.throwIfAborted();
    // One that is busy is asked again; one that is gone shows in what does not change.
    return undefined;
  }
}
