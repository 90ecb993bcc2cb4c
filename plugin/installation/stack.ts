// The mesh of a swarm as a stack: which of its services are there, how far they have come, and with which variables it was
// deployed. Looks only.
import type Docker from "dockerode";
import type { Variables } from "./present.ts";

export interface StackService {
  readonly name: string;
  readonly running: number;
  readonly desired: number;
  /** Of a change that Swarm is making or has made, `updating` or `rollback_completed`, say. */
  readonly update: string | undefined;
  readonly spec: ServiceSpec;
}

interface ServiceSpec {
  readonly Mode?: { readonly Replicated?: { readonly Replicas?: number } };
  readonly TaskTemplate?: {
    readonly ContainerSpec?: {
      readonly Image?: string;
      readonly Env?: readonly string[] | null;
      readonly Mounts?: readonly { readonly Source?: string; readonly Target?: string }[] | null;
    };
  };
  readonly EndpointSpec?: {
    readonly Ports?:
      | readonly { readonly TargetPort?: number; readonly PublishedPort?: number }[]
      | null;
  };
}

interface ListedService {
  readonly Spec: ServiceSpec & { readonly Name: string };
  readonly ServiceStatus?: { readonly RunningTasks?: number; readonly DesiredTasks?: number };
  readonly UpdateStatus?: { readonly State?: string };
}

const NAMESPACE = "com.docker.stack.namespace";
const CONSUL_PORT = 8500;
const ENGINE_DIRECTORY = "/host/run";

/** The services of a stack, sorted by name; none where there is no such stack. */
export async function lookAtStack(
  docker: Docker,
  stack: string,
  signal: AbortSignal,
): Promise<readonly StackService[]> {
  const options = { filters: { label: [`${NAMESPACE}=${stack}`] }, status: true };
  const listed = (await docker.listServices({
    ...options,
    abortSignal: signal,
  } as Docker.ServiceListOptions)) as unknown as readonly ListedService[];
  return listed
    .map(({ Spec: spec, ServiceStatus: status, UpdateStatus: update }) => ({
      name: spec.Name,
      running: status?.RunningTasks ?? 0,
      desired: status?.DesiredTasks ?? 0,
      update: update?.State,
      spec,
    }))
    .toSorted((one, other) => one.name.localeCompare(other.name));
}

/** Ids of the stack's containers on the node that is asked. */
export async function containersOf(
  docker: Docker,
  stack: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const filters = { label: [`${NAMESPACE}=${stack}`] };
  const listed = await docker.listContainers({ all: true, filters, abortSignal: signal });
  return listed.map(({ Id: id }) => id);
}

/** Values of variables of compose/stack.yaml that its services show. */
export function stackVariables(stack: string, services: readonly StackService[]): Variables {
  const specOf = (name: string): ServiceSpec | undefined =>
    services.find((service) => service.name === `${stack}_${name}`)?.spec;
  return {
    ...launcherVariables(specOf("launcher")),
    ...agentVariables(specOf("agent")),
    ...consulVariables(specOf("consul-server")),
  };
}

function agentVariables(spec: ServiceSpec | undefined): Variables {
  const container = spec?.TaskTemplate?.ContainerSpec;
  if (container === undefined) return {};
  const given = (container.Env ?? []).map((entry) => entry.split(/=(.*)/s, 2));
  const known = given.filter(([name]) => /^(?:MESH|OTEL)_/.test(name ?? "") && name !== LEAVING);
  return {
    ...Object.fromEntries(known),
    ...(container.Image === undefined ? {} : { MESH_IMAGE: withoutDigest(container.Image) }),
  };
}

/** Where the engine's socket is on the nodes. */
function launcherVariables(spec: ServiceSpec | undefined): Variables {
  const { Env: given, Mounts: mounts } = spec?.TaskTemplate?.ContainerSpec ?? {};
  const directory = mounts?.find(({ Target }) => Target === ENGINE_DIRECTORY)?.Source;
  const host = given?.find((entry) => entry.startsWith("DOCKER_HOST="));
  return {
    ...(directory === undefined ? {} : { MESH_DOCKER_SOCKET_DIRECTORY: directory }),
    ...(host === undefined
      ? {}
      : { MESH_DOCKER_SOCKET_NAME: host.slice(host.lastIndexOf("/") + 1) }),
  };
}

/** The variable of an agent that lets its node go; it is said to agents that are to be removed, and to no others. */
export const LEAVING = "MESH_LEAVE";

function consulVariables(spec: ServiceSpec | undefined): Variables {
  if (spec === undefined) return {};
  const image = spec.TaskTemplate?.ContainerSpec?.Image;
  const replicas = spec.Mode?.Replicated?.Replicas;
  const port = spec.EndpointSpec?.Ports?.find(({ TargetPort: target }) => target === CONSUL_PORT);
  return {
    ...(image === undefined ? {} : { MESH_CONSUL_IMAGE: withoutDigest(image) }),
    ...(replicas === undefined ? {} : { MESH_CONSUL_SERVERS: String(replicas) }),
    ...(port?.PublishedPort === undefined ? {} : { MESH_CONSUL_PORT: String(port.PublishedPort) }),
  };
}

function withoutDigest(image: string): string {
  return image.replace(/@sha256:.*$/, "");
}
