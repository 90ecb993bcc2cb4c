// A container of the mesh's own, read from `inspect` for the checks of security. Pure.
import type { ContainerInspectInfo } from "dockerode";
import type { MeshContainer, PublishedPort } from "../check/security-findings.ts";
import { OWN_LABELS } from "../docker/container-facts.ts";

export function roleOf(labels: Readonly<Record<string, string>>): MeshContainer["role"] {
  const role = labels[OWN_LABELS.role] ?? labels[OWN_LABELS.explicit];
  return role === "agent" || role === "launcher" || role === "sidecar" ? role : "other";
}

/** `internal`: ids of networks that lead nowhere. */
export function readMeshContainer(
  inspected: ContainerInspectInfo,
  internal: ReadonlySet<string>,
): MeshContainer {
  const { Config: config, HostConfig: host } = inspected;
  const isExplicit = config.Labels?.[OWN_LABELS.explicit] !== undefined;
  return {
    container: inspected.Name.replace(/^\//, ""),
    role: roleOf(config.Labels ?? {}),
    image: config.Image,
    isPrivileged: host.Privileged === true,
    addedCapabilities: host.CapAdd ?? [],
    droppedCapabilities: host.CapDrop ?? [],
    isReadOnly: host.ReadonlyRootfs === true || isExplicit,
    gainsNoPrivileges: (host.SecurityOpt ?? []).some((option: string) =>
      /^no-new-privileges(?:[:=]true)?$/.test(option),
    ),
    isReachable: isReachable(host.NetworkMode, inspected.NetworkSettings.Networks, internal),
    published: publishedOf(inspected),
    environment: Object.fromEntries(
      (config.Env ?? []).map((entry) => {
        const at = entry.indexOf("=");
        return [entry.slice(0, at), entry.slice(at + 1)];
      }),
    ),
    mountedAt: inspected.Mounts.filter(({ Type }) => (Type as string) !== "tmpfs").map(
      ({ Destination }) => Destination,
    ),
  };
}

/** Whether it is on a network that leads anywhere. */
export function isReachable(
  mode: string | undefined,
  networks: Readonly<Record<string, { readonly NetworkID: string }>> | null,
  internal: ReadonlySet<string>,
): boolean {
  if (mode === "none") return false;
  const attached = Object.values(networks ?? {});
  // One that shares another container's namespace is attached to none itself.
  return attached.length === 0 || attached.some(({ NetworkID }) => !internal.has(NetworkID));
}

type Bindings = Readonly<Record<string, readonly { HostIp?: string }[] | null>>;

function publishedOf({ NetworkSettings: settings }: ContainerInspectInfo): PublishedPort[] {
  return Object.entries((settings.Ports ?? {}) as Bindings).flatMap(([key, bindings]) =>
    (bindings ?? []).map(({ HostIp: address = "" }) => ({
      address,
      port: Number.parseInt(key, 10),
    })),
  );
}
