// What a workload means to call and cannot: services it names that nobody knows, and those on no network of its own.
import type { Problem } from "../status.ts";
import type { Workload } from "../workload/workload.ts";
import type { DirectoryService } from "./directory.ts";
import { indexOf, type ServiceIndex } from "./service-index.ts";

/**
 * With mesh.upstreams each name must lead somewhere. Without it networks may well keep services apart on purpose, so only
 * a workload that is apart from its whole project is worth a word.
 */
export function unreachableServices(
  workload: Workload,
  services: readonly DirectoryService[],
): Problem[] {
  const index = indexOf(services);
  if (workload.upstreams === undefined) return isolation(workload, index);
  return [
    ...unknownUpstreams(workload, index),
    ...servicesApart(workload, index.namedBy(workload)),
  ];
}

/** Those of the services with which the workload shares no network. */
export function servicesApart(
  workload: Workload,
  services: readonly DirectoryService[],
): Problem[] {
  return services
    .filter((service) => isApart(workload, service))
    .map((service) => notShared(workload, service));
}

function isApart(workload: Workload, { networkIds }: DirectoryService): boolean {
  return (
    networkIds.size > 0 && workload.networks.every(({ networkId }) => !networkIds.has(networkId))
  );
}

function isolation(workload: Workload, index: ServiceIndex): Problem[] {
  if (workload.project === undefined) return [];
  const others = index
    .ofProject(workload.project)
    .filter(({ service }) => service !== workload.service);
  if (others.length === 0 || !others.every((service) => isApart(workload, service))) return [];
  return [
    {
      subject: workload.containerName,
      code: "NETWORK_NOT_SHARED",
      message: `shares no network with any other service of project ${workload.project}: expected one in common, found ${networkNames(workload)}: add a network that its callers or callees are on`,
    },
  ];
}

function networkNames({ networks }: Workload): string {
  return networks.map(({ networkName }) => networkName).join(", ");
}

function unknownUpstreams(workload: Workload, index: ServiceIndex): Problem[] {
  return (workload.upstreams ?? [])
    .filter((name) => index.called(name, workload.project).length === 0)
    .map((name) => ({
      subject: workload.containerName,
      code: "SERVICE_UNKNOWN",
      message: `label mesh.upstreams: no service named ${JSON.stringify(name)} is known: start it, or correct the name`,
    }));
}

function notShared(workload: Workload, service: DirectoryService): Problem {
  const own = workload.networks.map(({ networkName }) => networkName).join(", ");
  const others = new Set(
    service.entries.flatMap(({ instance }) =>
      instance.networks.map(({ networkName }) => networkName),
    ),
  );
  return {
    subject: workload.containerName,
    code: "NETWORK_NOT_SHARED",
    message: `cannot reach service ${service.service}: expected a network that both are on, found ${own} here and ${[...others].join(", ") || "others"} there: add a common network to both`,
  };
}
