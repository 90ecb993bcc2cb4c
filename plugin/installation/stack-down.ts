// Removes the mesh of a swarm. First all its agents are started anew with the word to let their nodes go, which Swarm itself
// carries to every node and tells the end of; then the stack goes.
import { systemClock } from "../../mesh/clock.ts";
import { MeshError } from "../../mesh/errors.ts";
import { inTime } from "../commands/ask-agent.ts";
import { runDocker } from "./docker-command.ts";
import type { Installation } from "./installation.ts";
import { requireManager } from "./manager.ts";
import { containersOf, LEAVING, lookAtStack } from "./stack.ts";
import { untilServices } from "./stack-progress.ts";

/** Of all agents until they are healthy again, which they are when they have let go, s. */
const LEAVE_LIMIT = 120;
/** Of the stack's services, and its containers on this node, ms. */
const REMOVE_LIMIT = 120_000;
const LOOK_EVERY = 300;

/**
 * Resolves with false where there was nothing. Throws CONFIGURATION_INVALID where the engine manages no swarm, TIMEOUT when agents do not let
 * go, and ENGINE_REFUSED.
 */
export async function takeStackDown(
  installation: Installation,
  signal: AbortSignal,
): Promise<boolean> {
  const { asked, project } = installation;
  const services = await inTime(asked, signal, async (limited) => {
    await requireManager(asked.docker, limited);
    return await lookAtStack(asked.docker, project, limited);
  });
  if (services.length === 0) return false;
  const agent = services.find(({ name }) => name === `${project}_agent`);
  if (agent !== undefined && agent.running > 0) await letGo(installation, agent.name, signal);
  await docker(installation, ["stack", "rm", project], signal);
  await untilGone(installation, signal);
  return true;
}

/** Its containers on this node stop after its services are gone, and keep their names and networks as long. */
async function untilGone({ asked, project }: Installation, signal: AbortSignal): Promise<void> {
  const deadline = systemClock.monotonic() + REMOVE_LIMIT;
  for (;;) {
    const left = await inTime(asked, signal, async (limited) => [
      ...(await lookAtStack(asked.docker, project, limited)),
      ...(await containersOf(asked.docker, project, limited)),
    ]);
    if (left.length === 0) return;
    if (systemClock.monotonic() > deadline) {
      throw new MeshError(
        "TIMEOUT",
        `the stack ${project} is not gone within ${REMOVE_LIMIT / 1_000}s: \`docker stack ps ${project}\` and \`docker ps\` say what is left`,
      );
    }
    await systemClock.sleep(LOOK_EVERY, signal);
  }
}

async function letGo(
  installation: Installation,
  agent: string,
  signal: AbortSignal,
): Promise<void> {
  installation.onLine?.("letting applications go on without their sidecars");
  const all = ["--update-parallelism", "0", "--update-monitor", "1s", "--update-failure-action"];
  const quick = ["--detach", ...all, "continue", "--env-add", `${LEAVING}=true`];
  await docker(installation, ["service", "update", ...quick, agent], signal);
  const services = await untilServices(installation, LEAVE_LIMIT, signal, (now) =>
    now.some(({ name, update }) => name === agent && update === "completed"),
  );
  const end = services.find(({ name }) => name === agent);
  if (end?.update === "completed") return;
  throw new MeshError(
    "TIMEOUT",
    `not all agents have let go of their applications within ${LEAVE_LIMIT}s: \`docker service ps ${agent}\` says where; ` +
      "`docker mesh up --swarm` takes them back, and `docker stack rm` removes the mesh all the same and leaves sidecars there",
  );
}

async function docker(
  { engine, environment }: Installation,
  args: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const lines: string[] = [];
  const said = { onLine: (line: string) => void lines.push(line) };
  const { code } = await runDocker({ engine, environment, ...said, arguments: args }, signal);
  if (code === 0) return;
  throw new MeshError("ENGINE_REFUSED", `docker ${args.join(" ")}: ${lines.join("; ")}`);
}
