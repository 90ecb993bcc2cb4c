// Waiting for the mesh to be whole: judged by the agent's own status, for every labelled container of the demo.
import { setTimeout as delay } from "node:timers/promises";
import type { MeshStatus } from "../../plugin/status.ts";
import { attempt, lastLines, SetupError } from "../command.ts";
import { dockerLines } from "../engine/docker.ts";

const READY_MS = 120_000;
const POLL_MS = 250;
const ANSWER_MS = 5_000;

export interface Readiness {
  /** Compose projects whose labelled containers must all be in the mesh. */
  readonly projects: readonly string[];
}

/** Resolves with the status once all is well. Throws SetupError with the reasons and logs when it takes too long. */
export async function untilReady(
  { projects }: Readiness,
  note: (text: string) => void,
): Promise<MeshStatus> {
  const deadline = performance.now() + READY_MS;
  let missing: readonly string[] = [];
  do {
    const status = await readStatus();
    missing =
      status === undefined ? ["the agent gives no answer"] : await whatIsMissing(status, projects);
    if (status !== undefined && missing.length === 0) return status;
    note(missing[0] ?? "");
    await delay(POLL_MS);
  } while (performance.now() < deadline);
  throw new SetupError(
    `expected all to be healthy within ${READY_MS / 1000} s, but:\n${lastLines(missing.join("\n"))}\n${await recentLogs(projects, missing)}`,
  );
}

/** The agent's status, or undefined while it does not answer. */
export async function readStatus(): Promise<MeshStatus | undefined> {
  const [agent] = await dockerLines([
    ...["ps", "--quiet", "--filter", "label=docker-mesh.role=agent"],
    ...["--filter", "status=running"],
  ]);
  if (agent === undefined) return undefined;
  const ask = ["exec", agent, "node", "/app/cli.mjs", "request", "/v1/status"];
  try {
    const { code, stdout } = await attempt("docker", ask, {
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return code === 0 ? (JSON.parse(stdout) as MeshStatus) : undefined;
  } catch {
    return undefined;
  }
}

/** What keeps the containers with these ids from being in the mesh; empty when nothing does. */
export function describeMissing(
  status: MeshStatus,
  containers: ReadonlyMap<string, string>,
): readonly string[] {
  const { agent, workloads, problems } = status;
  const missing: string[] = [];
  if (!agent.catalogReachable)
    missing.push(`the agent does not reach its catalog (${agent.catalog})`);
  else if (agent.trustDomain === undefined)
    missing.push("the agent has no certificate authority yet");
  for (const [id, name] of containers) {
    const workload = workloads.find(({ containerId }) => containerId === id);
    if (workload === undefined) missing.push(`${name} is not in the mesh yet`);
    else if (workload.sidecar !== "ready")
      missing.push(`${name}: its sidecar is ${workload.sidecar}`);
    else if (workload.health !== "passing") missing.push(`${name} is ${workload.health}`);
  }
  if (missing.length === 0) return [];
  return [...missing, ...problems.map(({ subject, message }) => `${subject}: ${message}`)];
}

async function whatIsMissing(
  status: MeshStatus,
  projects: readonly string[],
): Promise<readonly string[]> {
  const containers = new Map<string, string>();
  for (const project of projects) {
    const lines = await dockerLines([
      ...["ps", "--all", "--no-trunc", "--filter", `label=com.docker.compose.project=${project}`],
      ...["--filter", "label=mesh.enable=true", "--format", "{{.ID}} {{.Names}}"],
    ]);
    for (const line of lines) {
      const [id = "", name = ""] = line.split(" ");
      containers.set(id, name);
    }
  }
  return describeMissing(status, containers);
}

/** The last lines of the agent, of Consul, and of the containers that the reasons name. */
async function recentLogs(
  projects: readonly string[],
  reasons: readonly string[],
): Promise<string> {
  const named = (name: string): boolean =>
    reasons.some((reason) => reason.startsWith(`${name} `) || reason.startsWith(`${name}:`));
  const names = [...(await containerNames("mesh"))];
  for (const project of projects) names.push(...(await containerNames(project)).filter(named));
  const logs = names.map(async (name) => {
    const { stdout, stderr } = await attempt("docker", ["logs", "--tail", "15", name]);
    return `  last lines of ${name}:\n${lastLines(`${stdout}${stderr}`)}`;
  });
  return (await Promise.all(logs)).join("\n");
}

async function containerNames(project: string): Promise<readonly string[]> {
  return await dockerLines([
    ...["ps", "--all", "--filter", `label=com.docker.compose.project=${project}`],
    ...["--format", "{{.Names}}"],
  ]);
}
