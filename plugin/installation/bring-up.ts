// Installs the mesh on an engine, or changes it to what is asked for. Whatever is not said stays as it is. Where nothing was,
// nothing is left when it fails.
import { systemClock } from "../../mesh/clock.ts";
import { describeError, MeshError } from "../../mesh/errors.ts";
import { askAgent, inTime } from "../commands/ask-agent.ts";
import { readStatus } from "../commands/read-status.ts";
import { composeMesh, requireCompose } from "./compose-command.ts";
import {
  type Installation,
  look,
  ownVariables,
  refuseOtherAgents,
  socketVariables,
} from "./installation.ts";
import type { Variables } from "./present.ts";

export interface UpRequest {
  /** Variables of compose/mesh.yaml that are to have these values, whatever the environment says. */
  readonly variables: Variables;
  /** The longest wait until all is healthy, s. */
  readonly timeout: number;
  readonly installer: "user" | "provider";
}

/** Several projects may begin at once, and their Composes be in each other's way: what one has made, the next one finds. */
const ATTEMPTS = { user: 1, provider: 3 } as const;
/** ms. */
const AGAIN_AFTER = 1_000;
const LOOK_EVERY = 300;
/** Of the catalog and the certificate authority, once all containers are healthy, ms. */
const CATALOG_LIMIT = 30_000;

/**
 * Resolves with the catalog once the mesh is healthy. Throws as `look`, `requireCompose` and `refuseOtherAgents` do, and AGENT_UNAVAILABLE when it
 * does not become healthy.
 */
export async function bringUp(
  installation: Installation,
  request: UpRequest,
  signal: AbortSignal,
): Promise<string> {
  const { asked, environment, project } = installation;
  const present = await look(installation, signal);
  refuseOtherAgents(present.agents, project);
  await requireCompose(installation, signal);
  const stays = present.containers > 0 && !present.byProvider ? "user" : "provider";
  const variables: Variables = {
    ...(await inTime(asked, signal, (limited) => socketVariables(asked, limited))),
    ...present.variables,
    ...ownVariables(environment),
    ...request.variables,
    MESH_INSTALLED_BY: request.installer === "user" ? "user" : stays,
  };
  try {
    await start(installation, variables, request, signal);
    await untilCatalog(installation, signal);
  } catch (error) {
    if (present.containers === 0) await undo(installation, variables, present.volumes === 0);
    throw error;
  }
  return catalogOf(variables);
}

function catalogOf(variables: Variables): string {
  return variables["MESH_CATALOG"] || "consul";
}

async function start(
  installation: Installation,
  variables: Variables,
  { timeout, installer }: UpRequest,
  signal: AbortSignal,
): Promise<void> {
  const scale = catalogOf(variables) === "embedded" ? ["--scale", "consul=0"] : [];
  const wait = ["--wait", "--wait-timeout", String(timeout)];
  const args = ["up", "--detach", ...wait, ...scale];
  let last = "";
  const { onLine } = installation;
  const listening = onLine && {
    onLine: (line: string): void => {
      last = line;
      onLine(line);
    },
  };
  for (let left = ATTEMPTS[installer]; left > 0; left -= 1) {
    const call = { ...installation, ...listening };
    const { code } = await composeMesh(call, variables, args, signal);
    if (code === 0) return;
    if (left > 1) await systemClock.sleep(AGAIN_AFTER, signal);
  }
  const reason = last === "" ? "see above" : last;
  throw new MeshError("AGENT_UNAVAILABLE", `the mesh did not come up: ${reason}`);
}

/** Without the catalog no application gets a sidecar. */
export async function untilCatalog({ asked }: Installation, signal: AbortSignal): Promise<void> {
  const deadline = systemClock.monotonic() + CATALOG_LIMIT;
  let reason = "";
  while (systemClock.monotonic() < deadline) {
    try {
      const { agent } = readStatus(await askAgent(asked, "/v1/status", signal));
      if (agent.catalogReachable && agent.trustDomain !== undefined) return;
      reason = `it does not reach its catalog (${agent.catalog})`;
    } catch (error) {
      signal.throwIfAborted();
      reason = describeError(error);
    }
    await systemClock.sleep(LOOK_EVERY, signal);
  }
  throw new MeshError(
    "AGENT_UNAVAILABLE",
    `the agent of the mesh has started, but ${reason}; \`docker mesh check\` says more`,
  );
}

/** Also when the user interrupts: this one comes to its end. */
async function undo(
  installation: Installation,
  variables: Variables,
  volumes: boolean,
): Promise<void> {
  const args = ["down", "--timeout", "5", ...(volumes ? ["--volumes"] : [])];
  const quietly = { ...installation, onLine: installation.onLine ?? (() => undefined) };
  await composeMesh(quietly, variables, args, AbortSignal.timeout(60_000)).catch(() => undefined);
}
