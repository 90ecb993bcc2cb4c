// A container of the mesh's own, read from `inspect` for the checks of security. Pure.
import type { ContainerInspectInfo } from "dockerode";
import type { MeshContainer, PublishedPort } from "../check/security-findings.ts";
import { OWN_LABELS } from "../docker/container-facts.ts";

export function roleOf(labels: Readonly<Record<string, string>>): MeshContainer["role"] {
  const role = labels[OWN_LABELS.role] ?? labels[OWN_LABELS.explicit];
  return role === "agent" || role === "launcher" || role === "sidecar" ? role : "other";
}

export function readMeshContainer(inspected: ContainerInspectInfo): MeshContainer {
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
    networkMode: host.NetworkMode ?? "default",
    published: publishedOf(inspected),
    environment: Object.fromEntries(
      (config.Env ?? []).map((entry) => {
        const at = entry.indexOf("=");
        return [entry.slice(0, at), entry.slice(at + 1)];
      }),
    ),
    mountedAt: inspected.Mounts.map(({ Destination }) => Destination),
  };
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
