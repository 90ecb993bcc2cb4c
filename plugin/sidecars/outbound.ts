// What one workload may call, and at which endpoints: the directory as seen from its networks and its labels. Pure.
import { formatIdentity } from "../../mesh/identity.ts";
import type {
  Endpoint,
  OutboundPort,
  OutboundService,
} from "../../proxy/configuration/snapshot.ts";
import type { CatalogEntry } from "../../registry/catalog.ts";
import type { TrustBundle } from "../certificates/authority.ts";
import type { Problem } from "../status.ts";
import { outboundListenPort } from "../workload/addresses.ts";
import type { Workload } from "../workload/workload.ts";
import type { Directory, DirectoryService } from "./directory.ts";
import { isNamed, unreachableServices } from "./reachability.ts";

export interface Outbound {
  readonly services: readonly OutboundService[];
  readonly problems: readonly Problem[];
}

/** What a workload may call: the services it names, or else all on a network it shares. */
export function outboundOf(
  workload: Workload,
  directory: Directory,
  bundle: TrustBundle,
): Outbound {
  const networkIds = new Set(workload.networks.map(({ networkId }) => networkId));
  const problems: Problem[] = unreachableServices(workload, directory.services);
  const services = directory.services.filter(
    (service) =>
      (workload.upstreams === undefined || isNamed(workload, service)) &&
      !service.networkIds.isDisjointFrom(networkIds) &&
      !isPortTaken(workload, service, problems),
  );
  return {
    services: withLocalNamesFirst(
      services.map((service) => toOutbound(workload, service, networkIds, bundle)),
    ),
    problems,
  };
}

/** In its own project a short name is the project's service, whoever else has it as a full name. */
function withLocalNamesFirst(services: readonly OutboundService[]): OutboundService[] {
  const local = new Map(
    services.flatMap(({ service, names }) =>
      names.filter((name) => name !== service).map((name) => [name, service] as const),
    ),
  );
  return services.map((each) => ({
    ...each,
    names: each.names.filter((name) => (local.get(name) ?? each.service) === each.service),
  }));
}

/**
 * A port on which the sidecar would listen for callers and which the application has on all addresses: the two exclude
 * each other, whoever comes first. Without redirection that is any port of its own, with it only those from 32768 up.
 * The application goes first: the name stays Docker's.
 */
function isPortTaken(workload: Workload, service: DirectoryService, problems: Problem[]): boolean {
  const { intercept, ports: own } = workload;
  const taken = service.ports
    .map(({ port }) => ({ port, listenPort: outboundListenPort(port, intercept) }))
    .find(({ listenPort }) => own.some(({ port }) => port === listenPort));
  if (taken === undefined) return false;
  if (service.service !== workload.service) {
    const found = `for its port ${taken.port} the mesh would listen on ${taken.listenPort}, which is in use by this container itself`;
    const cure =
      intercept === "off"
        ? "remove mesh.intercept=off, or use different ports"
        : "let the application listen on a port below 32768";
    problems.push({
      subject: workload.containerName,
      code: "PORT_IN_USE",
      message: `calls to ${service.service} go around the mesh: ${found}: ${cure}`,
    });
  }
  return true;
}

function toOutbound(
  workload: Workload,
  service: DirectoryService,
  networkIds: ReadonlySet<string>,
  bundle: TrustBundle,
): OutboundService {
  const aliases = service.aliases
    .filter(({ project }) => project === workload.project)
    .map(({ alias }) => alias);
  const { trustDomain, datacenter } = bundle;
  return {
    service: service.service,
    names: [...new Set([...aliases, service.service])].sort(),
    address: service.address,
    uri: formatIdentity({ trustDomain, datacenter, service: service.service }),
    policy: {},
    ports: service.ports.map(
      ({ port, protocol }): OutboundPort => ({
        port,
        listenPort: outboundListenPort(port, workload.intercept),
        protocol,
        endpoints: service.entries.flatMap((entry) => toEndpoint(entry, port, networkIds)),
      }),
    ),
  };
}

function toEndpoint(
  entry: CatalogEntry,
  port: number,
  networkIds: ReadonlySet<string>,
): Endpoint[] {
  const { instance, health } = entry;
  const offered = instance.ports.find((candidate) => candidate.port === port);
  const shared = instance.networks.find(({ networkId }) => networkIds.has(networkId));
  if (
    offered === undefined ||
    shared === undefined ||
    (health !== "passing" && health !== "warning")
  )
    return [];
  const { id, version, weight } = instance;
  return [
    { id, address: shared.address, port: offered.sidecarPort, version, weight, sameNode: true },
  ];
}
