// Installs the mesh on a swarm as a stack, or changes it to what is asked for, from the stack file that is part of this program.
// Where nothing was, nothing is left when it fails.
import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { STACK_FILE } from "../../compose/mesh-file.ts";
import { MeshError } from "../../mesh/errors.ts";
import { inTime } from "../commands/ask-agent.ts";
import { untilCatalog } from "./bring-up.ts";
import { runDocker } from "./docker-command.ts";
import { type Installation, ownVariables, socketVariables } from "./installation.ts";
import { requireManager } from "./manager.ts";
import { lookAtPresent, type Variables } from "./present.ts";
import { lookAtStack, stackVariables } from "./stack.ts";
import { untilStackRuns } from "./stack-progress.ts";

export interface StackUpRequest {
  /** Variables of compose/stack.yaml that are to have these values, whatever the environment says. */
  readonly variables: Variables;
  /** The longest wait until all is healthy, s. */
  readonly timeout: number;
}

/** As compose/stack.yaml has it. */
const GOSSIP_SECRET = "mesh-gossip-key";
const MOST_CONSUL_SERVERS = 3;

/**
 * Resolves once every node has a healthy agent. Throws CONFIGURATION_INVALID where the engine manages no swarm or has another
 * mesh, and AGENT_UNAVAILABLE when the mesh does not become healthy.
 */
export async function bringUpStack(
  installation: Installation,
  request: StackUpRequest,
  signal: AbortSignal,
): Promise<void> {
  const { asked, environment, project } = installation;
  const { docker } = asked;
  const managed = await inTime(asked, signal, (limited) => requireManager(docker, limited));
  const before = await inTime(asked, signal, async (limited) => {
    await refuseOtherMesh(docker, project, limited);
    return await lookAtStack(docker, project, limited);
  });
  const variables: Variables = {
    ...(await inTime(asked, signal, (limited) => socketVariables(asked, limited))),
    // An even number of servers survives no more losses than the odd one below it.
    MESH_CONSUL_SERVERS: String(managed.managers < MOST_CONSUL_SERVERS ? 1 : MOST_CONSUL_SERVERS),
    ...stackVariables(project, before),
    ...ownVariables(environment),
    ...request.variables,
  };
  const secret = variables["MESH_GOSSIP_SECRET"] || GOSSIP_SECRET;
  try {
    await inTime(asked, signal, (limited) => ensureSecret(docker, secret, limited));
    await deploy(installation, variables, signal);
    await untilStackRuns(installation, request.timeout, signal);
    await untilCatalog(installation, signal);
  } catch (error) {
    if (before.length === 0) await undo(installation);
    throw error;
  }
}

async function refuseOtherMesh(docker: Docker, stack: string, signal: AbortSignal): Promise<void> {
  const { agents } = await lookAtPresent(docker, stack, signal);
  const other = agents.find((agent) => agent.stack !== stack);
  if (other === undefined) return;
  const cure =
    other.stack === undefined
      ? "`docker mesh down` removes it"
      : `MESH_PROJECT_NAME=${other.stack} says that this one is meant`;
  throw new MeshError(
    "CONFIGURATION_INVALID",
    `expected no other mesh on this engine, found the agent ${other.container} of ${other.stack ?? other.project ?? "nobody"}: ${cure}`,
  );
}

/** Known to Consul's agents alone; made once, and never read again. */
async function ensureSecret(docker: Docker, name: string, signal: AbortSignal): Promise<void> {
  const known = await docker.listSecrets({ filters: { name: [name] }, abortSignal: signal });
  if (known.some((secret) => secret.Spec?.Name === name)) return;
  const key = randomBytes(32).toString("base64");
  // What a secret holds goes to the engine in Base64, whatever it is.
  const data = Buffer.from(key).toString("base64");
  await docker.createSecret({ Name: name, Labels: {}, Data: data, abortSignal: signal } as object);
}

async function deploy(
  { engine, environment, project, onLine }: Installation,
  variables: Variables,
  signal: AbortSignal,
): Promise<void> {
  // That Docker will wait by itself one day is of no interest to who does not call it: waiting is done here.
  const told = (line: string): void => {
    if (!line.includes("--detach=false")) onLine?.(line);
  };
  const { code } = await runDocker(
    {
      ...{ engine, onLine: told, input: STACK_FILE },
      arguments: ["stack", "deploy", "--compose-file", "-", project],
      environment: { ...environment, ...variables },
    },
    signal,
  );
  if (code === 0) return;
  throw new MeshError(
    "ENGINE_REFUSED",
    "the stack of the mesh could not be deployed: see above, and try again",
  );
}

/** Also when the user interrupts: this one comes to its end. */
async function undo({ engine, environment, project }: Installation): Promise<void> {
  const call = { engine, environment, onLine: () => undefined };
  const removal = { ...call, arguments: ["stack", "rm", project] };
  await runDocker(removal, AbortSignal.timeout(60_000)).catch(() => undefined);
}
