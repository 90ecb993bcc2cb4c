// Another version of the mesh in place of the present one, under running applications: first its own containers, then the agent
// replaces the sidecars. What does not get to its end is taken back, as a whole.
import { describeError, MeshError } from "../../mesh/errors.ts";
import { areNeighbours, describeDistance } from "../../proxy/configuration/contract.ts";
import { inTime } from "../commands/ask-agent.ts";
import { composeMesh, requireCompose } from "./compose-command.ts";
import { type Installation, look, ownVariables, socketVariables } from "./installation.ts";
import {
  composeFileOf,
  describeImage,
  lookAtImage,
  type MeshImage,
  nameTarget,
  obtainImage,
} from "./mesh-image.ts";
import type { Present, Variables } from "./present.ts";
import { refuseToUpgrade } from "./refuse-to-upgrade.ts";
import { untilMeshReady, untilSidecarsReplaced } from "./replacement.ts";
import { type Running, runningImages } from "./running-images.ts";

export interface UpgradeRequest {
  /** An image or a version; undefined: that of this command. */
  readonly target: string | undefined;
  /** The longest wait until the new agent is ready, s. */
  readonly timeout: number;
  /** Only tells what would be done. */
  readonly dryRun: boolean;
  /** Gets what happens, a line each. */
  readonly say: (line: string) => void;
}

/** One version and how it is installed. */
interface Version {
  readonly image: MeshImage;
  readonly file: string;
}

/**
 * Resolves when agent and sidecars are of that image. Throws as `look` and `requireCompose` do, CONFIGURATION_INVALID and VERSION_MISMATCH before
 * anything is changed, and UPGRADE_FAILED when it has been taken back, or could not be.
 */
export async function upgradeMesh(
  installation: Installation,
  request: UpgradeRequest,
  signal: AbortSignal,
): Promise<void> {
  const { asked, project, environment } = installation;
  const present = await look(installation, signal);
  const running = await inTime(asked, signal, (limited) =>
    runningImages(asked.docker, project, limited),
  );
  const wanted = request.target ?? (environment["MESH_IMAGE"] || undefined);
  const name = nameTarget(wanted, running.agent?.name ?? "");
  refuseToUpgrade(present, project, name);
  await requireCompose(installation, signal);
  const target = await obtainImage(installation, name, signal);
  const before = await previousOf(installation, running, target, signal);
  refuseDistance(before, target);
  describePlan(before, target, running, request);
  if (request.dryRun) return;
  const change = await prepare(installation, { present, target, before, request }, signal);
  try {
    await install(change, change.target, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw await takenBack(change, error, signal);
  }
}

/** The image to go back to: the agent's, or that of sidecars where an upgrade stopped half-way. */
async function previousOf(
  { asked }: Installation,
  { agent, sidecars }: Running,
  target: MeshImage,
  signal: AbortSignal,
): Promise<MeshImage | undefined> {
  if (agent !== undefined && agent.id !== target.id) {
    const named = await lookAtImage(asked.docker, agent.name, signal);
    // The name may mean another image by now.
    if (named?.id === agent.id) return named;
    return await lookAtImage(asked.docker, agent.id, signal);
  }
  const other = sidecars.find((id) => id !== target.id);
  return other === undefined ? undefined : await lookAtImage(asked.docker, other, signal);
}

function refuseDistance(before: MeshImage | undefined, target: MeshImage): void {
  if (before === undefined || areNeighbours(before.contract, target.contract)) return;
  const distance = describeDistance(target.contract, before.contract);
  throw new MeshError(
    "VERSION_MISMATCH",
    `${describeImage(target)} is too far from ${describeImage(before)}, which runs here (${distance}): upgrade to a version between them first; nothing was changed`,
  );
}

function describePlan(
  before: MeshImage | undefined,
  target: MeshImage,
  { sidecars }: Running,
  { say, dryRun }: UpgradeRequest,
): void {
  const due = sidecars.filter((id) => id !== target.id).length;
  const from = before === undefined ? "" : `from ${describeImage(before)} `;
  const would = dryRun ? "would upgrade" : "upgrading";
  say(
    `${would} ${from}to ${describeImage(target)}, ${due} of ${sidecars.length} sidecars to replace`,
  );
}

/** Everything that changes and how, each part known before anything is done. */
interface Change {
  readonly installation: Installation;
  readonly variables: Variables;
  readonly request: UpgradeRequest;
  readonly target: Version;
  /** Undefined where nothing else is there any more. */
  readonly before: Version | undefined;
}

interface Preparation {
  readonly present: Present;
  readonly target: MeshImage;
  readonly before: MeshImage | undefined;
  readonly request: UpgradeRequest;
}

async function prepare(
  installation: Installation,
  { present, target, before, request }: Preparation,
  signal: AbortSignal,
): Promise<Change> {
  const { asked, environment } = installation;
  const version = async (image: MeshImage): Promise<Version> => ({
    image,
    file: await composeFileOf(installation, image, signal),
  });
  const variables: Variables = {
    ...(await inTime(asked, signal, (limited) => socketVariables(asked, limited))),
    ...present.variables,
    ...ownVariables(environment),
    MESH_INSTALLED_BY: present.byProvider ? "provider" : "user",
  };
  const quiet = { ...installation, onLine: installation.onLine ?? (() => undefined) };
  return {
    ...{ installation: quiet, variables, request, target: await version(target) },
    before: before && (await version(before)),
  };
}

async function install(
  { installation, variables, request }: Change,
  { image, file }: Version,
  signal: AbortSignal,
): Promise<void> {
  const { say, timeout } = request;
  const scale = variables["MESH_CATALOG"] === "embedded" ? ["--scale", "consul=0"] : [];
  // The other version may have had services that this one does not have.
  const args = ["up", "--detach", "--remove-orphans", ...scale];
  let last = "";
  const onLine = (line: string): void => {
    last = line;
  };
  const parts = { ...installation, file, onLine };
  const { code } = await composeMesh(parts, { ...variables, MESH_IMAGE: image.name }, args, signal);
  if (code !== 0) throw new MeshError("AGENT_UNAVAILABLE", `Compose could not start it: ${last}`);
  await untilMeshReady(installation, timeout * 1_000, signal);
  say(`the agent is of ${describeImage(image)} and ready; it replaces the sidecars`);
  await untilSidecarsReplaced(installation, { imageId: image.id, say }, signal);
}

/** Brings back what was there; the error to end with. */
async function takenBack(change: Change, cause: unknown, signal: AbortSignal): Promise<MeshError> {
  const { before, target, request } = change;
  const failed = `the upgrade to ${describeImage(target.image)} failed: ${describeError(cause)}`;
  if (before === undefined)
    return new MeshError("UPGRADE_FAILED", `${failed}; nothing else is there to go back to`);
  request.say(`${failed}; going back to ${describeImage(before.image)}`);
  try {
    await install(change, before, signal);
  } catch (error) {
    signal.throwIfAborted();
    return new MeshError(
      "UPGRADE_FAILED",
      `${failed}; going back to ${describeImage(before.image)} failed, too: ${describeError(error)}; \`docker mesh upgrade ${before.image.name}\` tries that again`,
    );
  }
  return new MeshError(
    "UPGRADE_FAILED",
    `${failed}; the mesh is of ${describeImage(before.image)} again`,
  );
}
