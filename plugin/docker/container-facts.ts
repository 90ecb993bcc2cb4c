// What the engine attests about a container, taken from `inspect` and nothing else: the ground on which a workload gets
// its identity. Environment variables are not read, except the one token that the agent itself put into its sidecars.
import type { ContainerInspectInfo } from "dockerode";
import type { NetworkAddress } from "../../mesh/model.ts";
import { SIDECAR_ENVIRONMENT } from "../../proxy/configuration/snapshot.ts";
import { PLUMBING_NETWORKS, readSurroundings, type Surroundings } from "./surroundings.ts";

/** Labels on containers that the agent creates; users write `mesh.*` labels instead. */
export const OWN_LABELS = {
  /** `agent`, `sidecar` or `init`. */
  role: "docker-mesh.role",
  /** On a sidecar: the full id of the container whose namespace it shares. */
  workload: "docker-mesh.workload",
  /** On a sidecar: when that container was started; another start means another namespace. */
  startedAt: "docker-mesh.workload-started-at",
  /** On a sidecar: hash of what it was created from. */
  specification: "docker-mesh.specification",
  /** On a sidecar: the version of the agent that made it, which is its own too. */
  version: "docker-mesh.version",
  /** In place of the role on what stands in users' compose files (`docker mesh inject`): `sidecar` or `init`. */
  explicit: "docker-mesh.explicit",
} as const;

/** Docker's HEALTHCHECK, or `none` where the container has no such check. */
export type DockerHealth = "none" | "starting" | "healthy" | "unhealthy";

export interface ContainerFacts {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly running: boolean;
  readonly paused: boolean;
  /** The engine's own text. */
  readonly createdAt: string;
  /** The engine's own text; differs after every start. */
  readonly startedAt: string;
  readonly networkMode: string;
  readonly networks: readonly NetworkAddress[];
  readonly surroundings: Surroundings;
  /** TCP ports of the image's EXPOSE and the container's `expose`, ascending. */
  readonly exposedPorts: readonly number[];
  /** The file on the host that is this container's /etc/hosts. */
  readonly hostsPath: string;
  readonly health: DockerHealth;
  readonly stopSignal: string;
  /** How long `docker stop` waits before it kills, ms; infinite where it waits for ever. */
  readonly stopTimeout: number;
}

export interface SidecarFacts {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly running: boolean;
  /** The engine's own text, in UTC: of two, the later one is greater. */
  readonly createdAt: string;
  readonly workloadId: string;
  readonly workloadStartedAt: string;
  readonly specification: string;
  /** Empty for one that was made before sidecars had it. */
  readonly version: string;
  /** Empty for an explicit one, which tells nobody. */
  readonly token: string;
  /** Of one that stands in a user's compose file; undefined for one that an agent made. */
  readonly explicit: ExplicitFacts | undefined;
}

export interface ExplicitFacts {
  /** The engine's own text; differs after every start. */
  readonly startedAt: string;
  /** Of the last run; not 0 either where a start failed. */
  readonly exitCode: number;
  /** The nft ruleset that an init container installs; empty for a sidecar. */
  readonly rules: string;
  /** Of the token of the present process, as it has printed it; empty until then, undefined when its log cannot be read. */
  readonly tokenDigest: string | undefined;
}

const DEFAULT_STOP_TIMEOUT_SECONDS = 10;

/** `inspect` output as facts. Fields that are absent on older engines or stopped containers become empty values. */
export function readContainerFacts(inspected: ContainerInspectInfo): ContainerFacts {
  const { Config: config, State: state, HostConfig: host } = inspected;
  const stopTimeout =
    (config as { StopTimeout?: number | null }).StopTimeout ?? DEFAULT_STOP_TIMEOUT_SECONDS;
  return {
    id: inspected.Id,
    name: inspected.Name.replace(/^\//, ""),
    labels: config.Labels ?? {},
    running: state.Running && !state.Restarting,
    paused: state.Paused,
    createdAt: inspected.Created,
    startedAt: state.StartedAt,
    networkMode: host.NetworkMode ?? "default",
    networks: readNetworks(inspected),
    surroundings: readSurroundings(inspected),
    exposedPorts: readExposedPorts(config.ExposedPorts ?? {}),
    hostsPath: inspected.HostsPath,
    health: readHealth(state.Health?.Status),
    stopSignal: (config as { StopSignal?: string }).StopSignal || "SIGTERM",
    stopTimeout: stopTimeout < 0 ? Number.POSITIVE_INFINITY : stopTimeout * 1000,
  };
}

/** Facts of a container that an agent created, or that stands in place of such a one in a compose file. */
export function readSidecarFacts(inspected: ContainerInspectInfo): SidecarFacts {
  const labels = inspected.Config.Labels ?? {};
  if (labels[OWN_LABELS.explicit] !== undefined) return readExplicitFacts(inspected, labels);
  const prefix = `${SIDECAR_ENVIRONMENT.token}=`;
  const token = (inspected.Config.Env ?? []).find((entry) => entry.startsWith(prefix));
  return {
    id: inspected.Id,
    name: inspected.Name.replace(/^\//, ""),
    role: labels[OWN_LABELS.role] ?? "",
    running: inspected.State.Running || inspected.State.Restarting,
    createdAt: inspected.Created,
    workloadId: labels[OWN_LABELS.workload] ?? "",
    workloadStartedAt: labels[OWN_LABELS.startedAt] ?? "",
    specification: labels[OWN_LABELS.specification] ?? "",
    version: labels[OWN_LABELS.version] ?? "",
    token: token?.slice(prefix.length) ?? "",
    explicit: undefined,
  };
}

/** Whose it is says the engine, not a label: it is the container whose namespace it joins at each start. */
function readExplicitFacts(
  inspected: ContainerInspectInfo,
  labels: Readonly<Record<string, string>>,
): SidecarFacts {
  const { Config: config, State: state, HostConfig: host } = inspected;
  const [program, rules = ""] = config.Cmd ?? [];
  return {
    id: inspected.Id,
    name: inspected.Name.replace(/^\//, ""),
    role: labels[OWN_LABELS.explicit] ?? "",
    running: state.Running || state.Restarting,
    createdAt: inspected.Created,
    workloadId: /^container:(.+)$/.exec(host.NetworkMode ?? "")?.[1] ?? "",
    workloadStartedAt: "",
    specification: "",
    version: labels[OWN_LABELS.version] ?? "",
    token: "",
    explicit: {
      startedAt: state.StartedAt,
      exitCode: state.ExitCode,
      rules: program === "nft" ? rules : "",
      tokenDigest: "",
    },
  };
}

function readNetworks(inspected: ContainerInspectInfo): NetworkAddress[] {
  return Object.entries(inspected.NetworkSettings.Networks ?? {})
    .filter(([name, network]) => !PLUMBING_NETWORKS.has(name) && Boolean(network.IPAddress))
    .map(([name, network]) => ({
      networkId: network.NetworkID,
      networkName: name,
      address: network.IPAddress,
    }))
    .sort((a, b) => (a.networkName < b.networkName ? -1 : 1));
}

function readExposedPorts(exposed: object): number[] {
  return Object.keys(exposed)
    .map((entry) => /^(\d+)\/tcp$/.exec(entry)?.[1])
    .filter((port) => port !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

function readHealth(status: string | undefined): DockerHealth {
  return status === "starting" || status === "healthy" || status === "unhealthy" ? status : "none";
}
