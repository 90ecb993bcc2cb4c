// What is around a container on its Docker networks, taken from `inspect`: which addresses are those of other containers,
// and which the host's own.
import { isIP } from "node:net";
import type { ContainerInspectInfo } from "dockerode";

/** Networks that Docker makes for its own plumbing; no workload can be reached on them. */
export const PLUMBING_NETWORKS: ReadonlySet<string> = new Set([
  ...["ingress", "docker_gwbridge", "host", "none"],
]);

export interface Surroundings {
  /** Of the networks that it is attached to, IPv4 and IPv6: its own address and the length of the prefix, sorted. */
  readonly subnets: readonly string[];
  /** The host's own addresses in these. */
  readonly gateways: readonly string[];
  /** Name servers that its user has set (`dns`). */
  readonly nameServers: readonly string[];
}

export function readSurroundings({
  HostConfig: host,
  NetworkSettings: settings,
}: ContainerInspectInfo): Surroundings {
  const networks = Object.entries(settings.Networks ?? {}).flatMap(([name, network]) =>
    PLUMBING_NETWORKS.has(name) ? [] : [network],
  );
  return {
    subnets: sorted(
      networks.flatMap((network) => [
        subnetOf(network.IPAddress, network.IPPrefixLen),
        subnetOf(network.GlobalIPv6Address, network.GlobalIPv6PrefixLen),
      ]),
    ),
    gateways: sorted(networks.flatMap(({ Gateway, IPv6Gateway }) => [Gateway, IPv6Gateway])),
    nameServers: sorted((host.Dns as string[] | null | undefined) ?? []).filter(isIP),
  };
}

function sorted(texts: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(texts.filter((text): text is string => Boolean(text)))].sort();
}

/** As nft takes it, which cuts off what is behind the prefix. */
function subnetOf(address: string | undefined, length: number | undefined): string | undefined {
  return address && length ? `${address}/${length}` : undefined;
}
