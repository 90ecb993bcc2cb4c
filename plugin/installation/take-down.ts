// Removes the mesh from an engine. First the agent lets every application go, in the way it does when labels do not ask for the
// mesh any more, so that names and ports lead where they did before; then its own project goes.
import { systemClock } from "../../mesh/clock.ts";
import { MeshError } from "../../mesh/errors.ts";
import { callAgent } from "../commands/ask-agent.ts";
import { readBody } from "../commands/read-answer.ts";
import type { Remainder } from "../leaving.ts";
import { composeMesh, requireCompose } from "./compose-command.ts";
import { type Installation, look, refuseOtherAgents } from "./installation.ts";
import type { Present } from "./present.ts";

export interface DownRequest {
  /** Whether what the mesh keeps goes too: its certificate authority, its policies. */
  readonly volumes: boolean;
}

const LOOK_EVERY = 300;
/** A sidecar takes 12 s at most for what is in flight, ms. */
const LEAVE_LIMIT = 60_000;
/** Of the catalog, which may be away: it takes what it is not told for failing, and then for gone, ms. */
const CATALOG_LIMIT = 8_000;
const AGENT_SECONDS = 60;

/**
 * Resolves with false where there was nothing. Throws as `look`, `requireCompose` and `refuseOtherAgents` do, AGENT_UNAVAILABLE where no agent can let
 * go of sidecars, and TIMEOUT when they do not go.
 */
export async function takeDown(
  installation: Installation,
  { volumes }: DownRequest,
  signal: AbortSignal,
): Promise<boolean> {
  const present = await look(installation, signal);
  refuseOtherAgents(present.agents, installation.project);
  const kept = volumes ? present.volumes : 0;
  if (present.containers === 0 && present.sidecars === 0 && kept === 0) return false;
  await requireCompose(installation, signal);
  if (present.sidecars > 0) await letGo(installation, present, signal);
  const args = ["down", ...(volumes ? ["--volumes"] : [])];
  const { code } = await composeMesh(installation, present.variables, args, signal);
  if (code === 0) return true;
  throw new MeshError(
    "ENGINE_REFUSED",
    "the mesh could not be removed whole: see above, and try again",
  );
}

async function letGo(
  installation: Installation,
  { agents, sidecars, variables, containers }: Present,
  signal: AbortSignal,
): Promise<void> {
  const count = sidecars === 1 ? "1 sidecar" : `${sidecars} sidecars`;
  if (!agents.some(({ state }) => state === "running")) {
    const wait = ["--wait", "--wait-timeout", String(AGENT_SECONDS)];
    const up = ["up", "--detach", "--no-deps", ...wait, "launcher", "agent"];
    const started =
      containers > 0 && (await composeMesh(installation, variables, up, signal)).code === 0;
    if (!started) {
      throw new MeshError(
        "AGENT_UNAVAILABLE",
        `${count} would be left behind, since no agent runs that could let go of them: \`docker mesh up\` first`,
      );
    }
  }
  installation.onLine?.(`letting applications go on without ${count}`);
  await untilAllHaveLeft(installation, signal);
}

async function untilAllHaveLeft(installation: Installation, signal: AbortSignal): Promise<void> {
  const begun = systemClock.monotonic();
  const passed = (): number => systemClock.monotonic() - begun;
  let free: number | undefined;
  let left = await askToLeave(installation, signal);
  while (left.attached > 0 || left.due > 0) {
    if (left.attached === 0) free ??= passed();
    if (free !== undefined && passed() - free > CATALOG_LIMIT) return;
    if (free === undefined && passed() > LEAVE_LIMIT) throw notLeft(left);
    await systemClock.sleep(LOOK_EVERY, signal);
    left = await askToLeave(installation, signal);
  }
}

async function askToLeave({ asked }: Installation, signal: AbortSignal): Promise<Remainder> {
  const answer = await callAgent(asked, { method: "POST", path: "/v1/leave" }, signal);
  if (answer.status === 404) {
    throw new MeshError(
      "VERSION_MISMATCH",
      "the agent is older than this command and cannot let go of its sidecars: `docker mesh up` with this version's image in MESH_IMAGE first",
    );
  }
  return readBody<Remainder>(answer, ({ attached, due }) =>
    [attached, due].every((count) => typeof count === "number"),
  );
}

function notLeft({ attached }: Remainder): MeshError {
  return new MeshError(
    "TIMEOUT",
    `the agent has not let go of all applications within ${LEAVE_LIMIT / 1000}s, ${attached} are left: \`docker mesh status\` says why; nothing else was removed`,
  );
}
