// What of the mesh an engine carries: agents, and the project that `docker mesh up` makes. Looks only.
import type Docker from "dockerode";
import { MeshError } from "../../mesh/errors.ts";
import { OWN_LABELS } from "../docker/container-facts.ts";

/** Values of variables of compose/mesh.yaml, by name. */
export type Variables = Readonly<Record<string, string>>;

export interface PresentAgent {
  readonly container: string;
  readonly state: string;
  /** Of Compose; undefined for an agent that Compose did not make. */
  readonly project: string | undefined;
  readonly stack: string | undefined;
}

export interface Present {
  /** Containers in the role of an agent, running or not, of whatever project. */
  readonly agents: readonly PresentAgent[];
  /** Of the project, running or not. */
  readonly containers: number;
  readonly volumes: number;
  /** Whether a Compose project's provider installed it. */
  readonly byProvider: boolean;
  /** With which its containers were made; none where there are none. */
  readonly variables: Variables;
  readonly sidecars: number;
}

/** Who installed the mesh: `user` or `provider`. */
export const INSTALLER_LABEL = "docker-mesh.installed-by";

const PROJECT = "com.docker.compose.project";
const SERVICE = "com.docker.compose.service";
const STACK = "com.docker.stack.namespace";
const SERVICES: readonly string[] = ["agent", "consul", "launcher"];
const CONSOLE_PORT = "8600/tcp";
const CONSUL_PORT = "8500/tcp";

/** Throws CONFIGURATION_INVALID where the project is somebody else's. */
export async function lookAtPresent(
  docker: Docker,
  project: string,
  signal: AbortSignal,
): Promise<Present> {
  const listed = async (label: string): Promise<Docker.ContainerInfo[]> =>
    await docker.listContainers({ all: true, filters: { label: [label] }, abortSignal: signal });
  const [agents, own, sidecars, volumes] = await Promise.all([
    listed(`${OWN_LABELS.role}=agent`),
    listed(`${PROJECT}=${project}`),
    listed(`${OWN_LABELS.role}=sidecar`),
    docker.listVolumes({
      filters: { label: [`${PROJECT}=${project}`] },
      abortSignal: signal,
    } as Docker.VolumeListOptions),
  ]);
  const foreign = own.find(({ Labels }) => !isOfMesh(Labels));
  if (foreign !== undefined) {
    throw new MeshError(
      "CONFIGURATION_INVALID",
      `expected the Compose project ${JSON.stringify(project)} to be the mesh's, found ${nameOf(foreign)} in it: choose another name with MESH_PROJECT_NAME`,
    );
  }
  return {
    agents: agents.map((container) => ({
      container: nameOf(container),
      state: container.State,
      project: container.Labels[PROJECT],
      stack: container.Labels[STACK],
    })),
    containers: own.length,
    volumes: (volumes.Volumes ?? []).length,
    byProvider: own.some(({ Labels }) => Labels[INSTALLER_LABEL] === "provider"),
    variables: await variablesOf(docker, own, signal),
    sidecars: sidecars.length,
  };
}

/** Also a service that only later versions of the mesh have. */
function isOfMesh(labels: Docker.ContainerInfo["Labels"]): boolean {
  return SERVICES.includes(labels[SERVICE] ?? "") || labels[INSTALLER_LABEL] !== undefined;
}

function nameOf({ Names, Id }: Docker.ContainerInfo): string {
  return Names[0]?.replace(/^\//, "") ?? Id;
}

async function variablesOf(
  docker: Docker,
  own: readonly Docker.ContainerInfo[],
  signal: AbortSignal,
): Promise<Variables> {
  const inspect = async (service: string): Promise<Docker.ContainerInspectInfo | undefined> => {
    const container = own.find(({ Labels }) => Labels[SERVICE] === service);
    return container && (await docker.getContainer(container.Id).inspect({ abortSignal: signal }));
  };
  const [agent, launcher, consul] = await Promise.all(
    ["agent", "launcher", "consul"].map((service) => inspect(service)),
  );
  const holder = launcher ?? agent;
  return {
    ...(agent && agentVariables(agent)),
    ...(holder && socketVariables(holder)),
    ...(consul && consulVariables(consul)),
  };
}

/** What the file gives the agent has the name of the variable that it comes from. */
export function agentVariables({ Config, HostConfig }: AgentInspection): Variables {
  const known = environmentOf(Config).filter(([name]) => /^(?:MESH|OTEL)_/.test(name ?? ""));
  return {
    ...Object.fromEntries(known),
    MESH_IMAGE: Config.Image,
    ...published("MESH_CONSOLE_PORT", HostConfig.PortBindings, CONSOLE_PORT),
  };
}

/** Of who holds the engine's socket: the launcher, or the agent of a mesh from before there was one. */
export function socketVariables({ Config, Mounts }: SocketInspection): Variables {
  const host = environmentOf(Config).find(([name]) => name === "DOCKER_HOST")?.[1] ?? "";
  const directory = Mounts.find(({ Destination }) => Destination === "/host/run")?.Source;
  return {
    ...(directory === undefined ? {} : { MESH_DOCKER_SOCKET_DIRECTORY: directory }),
    ...(host === "" ? {} : { MESH_DOCKER_SOCKET_NAME: host.slice(host.lastIndexOf("/") + 1) }),
  };
}

function environmentOf({ Env }: Pick<Docker.ContainerInspectInfo["Config"], "Env">): string[][] {
  return (Env ?? []).map((entry) => entry.split(/=(.*)/s, 2));
}

type AgentInspection = {
  readonly Config: Pick<Docker.ContainerInspectInfo["Config"], "Env" | "Image">;
  readonly HostConfig: Pick<Docker.HostConfig, "PortBindings">;
};

type SocketInspection = Pick<Docker.ContainerInspectInfo, "Mounts"> & {
  readonly Config: Pick<Docker.ContainerInspectInfo["Config"], "Env">;
};

function consulVariables({ Config, HostConfig }: Docker.ContainerInspectInfo): Variables {
  return {
    MESH_CONSUL_IMAGE: Config.Image,
    ...published("MESH_CONSUL_PORT", HostConfig.PortBindings, CONSUL_PORT),
  };
}

function published(name: string, bindings: unknown, port: string): Variables {
  const found = (bindings as Readonly<Record<string, readonly { HostPort?: string }[]>> | null)?.[
    port
  ]?.[0]?.HostPort;
  return found === undefined || found === "" ? {} : { [name]: found };
}
