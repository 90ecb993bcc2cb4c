// Gathers what the checks of a node's security judge: from the engine what its containers are, from the agent who may call whom.
import type Docker from "dockerode";
import { ANY_SERVICE } from "../../mesh/policy/intention.ts";
import type { CertificateView } from "../certificates/certificate-list.ts";
import type { SecurityFindings, ServiceAccess, SocketHolder } from "../check/security-findings.ts";
import { ACCESS_PATH, type ConsoleAccess } from "../console/access.ts";
import { OWN_LABELS } from "../docker/container-facts.ts";
import type { IntentionsAnswer, RankedIntention } from "../policy/ranked-intentions.ts";
import type { MeshStatus } from "../status.ts";
import { parseObject } from "./api-call.ts";
import { type AskedEngine, askAgent, callAgent } from "./ask-agent.ts";
import type { ExplainedPolicy } from "./policy-client.ts";
import { readBody } from "./read-answer.ts";
import { isReachable, readMeshContainer, roleOf } from "./read-mesh-container.ts";
import { readStatus } from "./read-status.ts";

/** Of more services than these the policies are not asked for. */
const MOST_SERVICES = 50;
const GROUPS = ["com.docker.compose.project", "com.docker.stack.namespace"] as const;
const USUAL_SOCKETS = ["/run/docker.sock"];

/** Throws as `callAgent` does, and what the engine's client throws. */
export async function lookAtSecurity(
  engine: AskedEngine,
  signal: AbortSignal,
): Promise<SecurityFindings> {
  const { docker, shown } = engine;
  const [info, internal, all, status] = await Promise.all([
    askInfo(docker, signal),
    internalNetworks(docker, signal),
    docker.listContainers({ abortSignal: signal }),
    askAgent(engine, "/v1/status", signal).then(readStatus),
  ]);
  const ours = all.filter((container) => isOurs(container, all));
  const containers = await Promise.all(
    ours.map(async ({ Id }) =>
      readMeshContainer(await docker.getContainer(Id).inspect({ abortSignal: signal }), internal),
    ),
  );
  const sockets = shown.startsWith("unix://") ? [shown.slice(7), ...USUAL_SOCKETS] : USUAL_SOCKETS;
  return {
    securityOptions: info.SecurityOptions ?? [],
    engineWarnings: info.Warnings ?? [],
    holders: all
      .filter((container) => holds(container, sockets))
      .map((container) => holderOf(container, internal)),
    containers,
    catalog: status.agent.catalog,
    ...(await askAboutTraffic(engine, status, signal)),
  };
}

interface EngineInfo {
  readonly SecurityOptions?: readonly string[] | null;
  readonly Warnings?: readonly string[] | null;
}

async function askInfo(docker: Docker, signal: AbortSignal): Promise<EngineInfo> {
  // The library takes options here, which its types do not say.
  const asked = docker as unknown as { info(options: object): Promise<EngineInfo> };
  return await asked.info({ abortSignal: signal });
}

/** Ids of the networks that lead nowhere. */
async function internalNetworks(docker: Docker, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const networks = await docker.listNetworks({ abortSignal: signal });
  return new Set(networks.filter(({ Internal }) => Internal === true).map(({ Id }) => Id));
}

/** With a role in the mesh, or beside the agent in its project or stack. */
function isOurs({ Labels }: Docker.ContainerInfo, all: readonly Docker.ContainerInfo[]): boolean {
  if (roleOf(Labels) !== "other") return true;
  const agent = all.find((each) => each.Labels[OWN_LABELS.role] === "agent");
  return GROUPS.some(
    (group) => Labels[group] !== undefined && Labels[group] === agent?.Labels[group],
  );
}

/** Whether something is mounted that is one of the sockets, or a folder with one in it. */
function holds({ Mounts }: Docker.ContainerInfo, sockets: readonly string[]): boolean {
  return Mounts.some(({ Source, Type }) => {
    const source = usual(Source ?? "");
    return (
      Type === "bind" &&
      sockets.map(usual).some((socket) => socket === source || socket.startsWith(`${source}/`))
    );
  });
}

/** /var/run is /run on every system of today. */
function usual(path: string): string {
  return path.replace(/^\/var\/run(?=\/|$)/, "/run").replace(/\/+$/, "");
}

function holderOf(
  { Names, Id, Labels, HostConfig, NetworkSettings: settings }: Docker.ContainerInfo,
  internal: ReadonlySet<string>,
): SocketHolder {
  const role = roleOf(Labels);
  return {
    container: Names[0]?.replace(/^\//, "") ?? Id,
    role: role === "other" ? "" : role,
    isReachable: isReachable(HostConfig.NetworkMode, settings.Networks, internal),
  };
}

async function askAboutTraffic(
  engine: AskedEngine,
  { workloads }: MeshStatus,
  signal: AbortSignal,
): Promise<Pick<SecurityFindings, "console" | "services" | "lifetimes">> {
  const ask = (path: string): ReturnType<typeof callAgent> =>
    callAgent(engine, { method: "GET", path }, signal);
  const [access, certificates, ranked] = await Promise.all([
    ask(ACCESS_PATH),
    ask("/v1/certificates"),
    ask("/v1/intentions"),
  ]);
  const { intentions } = readBody<IntentionsAnswer>(ranked, (body) =>
    Array.isArray(body.intentions),
  );
  const { certificates: leaves } = readBody<{ certificates: readonly CertificateView[] }>(
    certificates,
    (body) => Array.isArray(body.certificates),
  );
  const names = [...new Set(workloads.map(({ service }) => service))].sort();
  const services = names.slice(0, MOST_SERVICES).map(async (service): Promise<ServiceAccess> => {
    const own = workloads.filter((workload) => workload.service === service);
    const policy = await ask(`/v1/services/${encodeURIComponent(service)}/policy?effective=true`);
    return {
      service,
      takesPlaintext: own.some(({ mtls }) => mtls === "permissive"),
      isOpen: !isGuarded(policy.body) && !isDenied(service, intentions),
    };
  });
  const { port, isSecure } = parseObject<ConsoleAccess>(access.body) ?? {};
  const hasConsole = access.status === 200 && port !== undefined && isSecure !== undefined;
  return {
    console: hasConsole ? { port, isSecure } : undefined,
    services: await Promise.all(services),
    lifetimes: leaves.map(({ notBefore = 0, notAfter = 0 }) => notAfter - notBefore),
  };
}

/** Whether its own rules name who may call. */
function isGuarded(body: string): boolean {
  const { fields = [] } = parseObject<ExplainedPolicy>(body) ?? {};
  return fields.some(
    ({ field, value, source }) =>
      (field === "default-action" && value === "deny") ||
      (field === "allow" && source !== "default"),
  );
}

/** Whether intentions deny a caller that none of them names; the first that speaks of everybody decides. */
function isDenied(service: string, intentions: readonly RankedIntention[]): boolean {
  const decisive = intentions.find(
    ({ source, destination }) =>
      source === ANY_SERVICE && (destination === service || destination === ANY_SERVICE),
  );
  return decisive !== undefined && decisive.action !== "allow";
}
