// What the agent asks the engine to create beside a workload: its sidecar, and for a moment the container that installs
// the redirection. Bodies are built from these templates alone; nothing a user writes in labels reaches them as text.
import { createHash } from "node:crypto";
import type { ContainerCreateOptions } from "dockerode";
import { SIDECAR_ENVIRONMENT } from "../../proxy/configuration/snapshot.ts";
import { AGENT_VERSION } from "../version.ts";
import type { Workload } from "../workload/workload.ts";
import { OWN_LABELS } from "./container-facts.ts";
import { SIDECAR_GROUP } from "./egress-rules.ts";
import { type Interception, interceptionRules } from "./interception-rules.ts";
import type { OwnContainer } from "./own-container.ts";

/** Where the application's hosts file is mounted in the sidecar; its own /etc/hosts is read-only there. */
const HOSTS_FILE = "/run/mesh-hosts";

export interface SidecarTemplate {
  readonly own: Pick<OwnContainer, "image" | "socketMount">;
  /** Path of the agent's socket inside the sidecar. */
  readonly socket: string;
  readonly logLevel: string;
  /** Whether the kernel can give what waits at a listener that closes to another one at the same place (Linux 5.14). */
  readonly migrates: boolean;
}

/** The container that gets a sidecar, as far as the sidecar is made from it. */
export type SidecarTarget = Pick<
  Workload,
  "containerId" | "containerName" | "startedAt" | "hostsPath"
>;

/** What differs between two sidecars of one workload that are made alike. */
export interface UniqueParts {
  readonly token: string;
  readonly suffix: string;
  readonly specification: string;
  /** Another one is still there, and will leave. */
  readonly takesOver: boolean;
}

const MIGRATION_SETTING = "net.ipv4.tcp_migrate_req";
/** Where a kernel that has the setting shows it. */
export const MIGRATION_FILE: string = `/proc/sys/${MIGRATION_SETTING.replaceAll(".", "/")}`;

/** Changes whenever a sidecar created from this template would differ in more than its token and name. */
export function sidecarSpecification(template: SidecarTemplate, workload: SidecarTarget): string {
  const { Env, name, ...rest } = sidecarContainer(template, workload, {
    token: "",
    suffix: "",
    specification: "",
    takesOver: false,
  });
  return createHash("sha256")
    .update(JSON.stringify([rest, Env, template.logLevel]))
    .digest("hex")
    .slice(0, 16);
}

/**
 * MB for each half of V8's young generation. Left alone it grows to 32 MB under load, and what collects it then stops the
 * sidecar for 4 to 12 ms at a time; this small it takes less than one, and the process stays small.
 */
export const SIDECAR_NODE_FLAGS: readonly string[] = ["--max-semi-space-size=2"];

/**
 * One heap of the C library for all threads: left alone it gives V8's and libuv's threads one each, of which 1.7 MB stay
 * resident in a sidecar that does nothing. JavaScript runs on one thread, so they hardly wait for each other.
 */
export const SIDECAR_ALLOCATOR = { name: "MALLOC_ARENA_MAX", value: "1" } as const;

/**
 * Of the processors, where they are short: sixteen times what a container has otherwise with cgroups of version 1, six
 * times with version 2. All who call the workload wait for its sidecar, which works only when somebody calls. And an
 * application that stops and its sidecar, which has to tell callers, run against each other.
 */
export const PROCESSOR_SHARES = 16_384;

export const SIDECAR_COMMAND: readonly string[] = [
  "node",
  ...SIDECAR_NODE_FLAGS,
  "/app/sidecar.cjs",
];

/** The sidecar: in the workload's namespace, without capabilities, read-only, reaching only the agent's socket. */
export function sidecarContainer(
  template: SidecarTemplate,
  workload: SidecarTarget,
  unique: UniqueParts,
): ContainerCreateOptions {
  return {
    name: `${workload.containerName}.mesh-${unique.suffix}`,
    Image: template.own.image,
    Cmd: [...SIDECAR_COMMAND],
    // The hosts file belongs to root and there is no capability to override that: uid 0 it is. By its group the sidecar is
    // told from an application that runs as root, too.
    User: `0:${SIDECAR_GROUP}`,
    Env: [
      `${SIDECAR_ENVIRONMENT.socket}=${template.socket}`,
      `${SIDECAR_ENVIRONMENT.token}=${unique.token}`,
      `${SIDECAR_ENVIRONMENT.hosts}=${HOSTS_FILE}`,
      `${SIDECAR_ENVIRONMENT.logLevel}=${template.logLevel}`,
      `${SIDECAR_ALLOCATOR.name}=${SIDECAR_ALLOCATOR.value}`,
      ...(unique.takesOver ? [`${SIDECAR_ENVIRONMENT.takesOver}=on`] : []),
    ],
    Labels: {
      [OWN_LABELS.role]: "sidecar",
      [OWN_LABELS.workload]: workload.containerId,
      [OWN_LABELS.startedAt]: workload.startedAt,
      [OWN_LABELS.specification]: unique.specification,
      [OWN_LABELS.version]: AGENT_VERSION,
    },
    StopTimeout: 10,
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      ...RESTRICTED,
      NetworkMode: `container:${workload.containerId}`,
      RestartPolicy: { Name: "unless-stopped" },
      PidsLimit: 64,
      CpuShares: PROCESSOR_SHARES,
      // Of the network namespace, and so of the workload: it concerns no listener that does not share its place.
      ...(template.migrates ? { Sysctls: { [MIGRATION_SETTING]: "1" } } : {}),
      Mounts: [
        template.own.socketMount,
        { Type: "bind", Source: workload.hostsPath, Target: HOSTS_FILE, ReadOnly: false },
      ],
    },
  };
}

export type InterceptedContainer = Pick<Workload, "containerId" | "containerName"> & Interception;

/** Installs the redirection and ends; the only container with a capability. */
export function interceptionContainer(
  template: SidecarTemplate,
  workload: InterceptedContainer,
  suffix: string,
): ContainerCreateOptions {
  return {
    name: `${workload.containerName}.mesh-init-${suffix}`,
    Image: template.own.image,
    Cmd: ["nft", interceptionRules(workload)],
    User: "0:0",
    Labels: { [OWN_LABELS.role]: "init", [OWN_LABELS.workload]: workload.containerId },
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      ...RESTRICTED,
      CapAdd: ["NET_ADMIN"],
      NetworkMode: `container:${workload.containerId}`,
      PidsLimit: 16,
    },
  };
}

const RESTRICTED = {
  CapDrop: ["ALL"],
  SecurityOpt: ["no-new-privileges"],
  ReadonlyRootfs: true,
  LogConfig: { Type: "json-file", Config: { "max-size": "5m", "max-file": "2" } },
} as const;
