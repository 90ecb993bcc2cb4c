// What one workload may call, and at which endpoints: the directory as seen from its networks and its labels. Pure.
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import type { OutboundService } from "../../proxy/configuration/snapshot.ts";
import type { TrustBundle } from "../certificates/authority.ts";
import type { Problem } from "../status.ts";
import { outboundListenPort } from "../workload/addresses.ts";
import type { Workload } from "../workload/workload.ts";
import type { Directory, DirectoryService } from "./directory.ts";
import { OutboundServices } from "./outbound-services.ts";
import { servicesApart, unreachableServices } from "./reachability.ts";
import { indexOf } from "./service-index.ts";

/** How one service is called. */
export interface CallerPolicy {
  /** Every field that concerns callers, services by their catalog names. */
  readonly document: PolicyDocument;
  /** The services that its routes, stand-ins and mirrors lead to. */
  readonly services: readonly string[];
}

/** What is the same for all workloads of a node. */
export interface CallerSide {
  readonly directory: Directory;
  readonly bundle: TrustBundle;
  readonly node: string;
  readonly policyOf: (service: string) => CallerPolicy;
  /** Services that gateways publish; absent: none. */
  readonly published?: ReadonlySet<string>;
}

export interface Outbound {
  readonly services: readonly OutboundService[];
  readonly problems: readonly Problem[];
}

/**
 * What a workload may call: the services it names, or else all on a network it shares; and, without names of their own,
 * those that the policies of these services lead to.
 */
export function outboundOf(
  workload: Workload,
  side: CallerSide,
  made: OutboundServices = new OutboundServices(),
): Outbound {
  const networkIds = new Set(workload.networks.map(({ networkId }) => networkId));
  const { meant, problems } = meantBy(workload, side, networkIds);
  const services = meant.filter(
    (service) =>
      !service.networkIds.isDisjointFrom(networkIds) && !isPortTaken(workload, service, problems),
  );
  const { node, policyOf } = side;
  const { trustDomain, datacenter } = side.bundle;
  const view = made.seenFrom({ workload, networkIds, node, trustDomain, datacenter });
  const see = (service: DirectoryService, named: boolean): OutboundService =>
    view.of(service, policyOf(service.service).document, named);
  const called = services.map((service) => see(service, workload.gateway === undefined));
  const led = ledTo(services, side).map((service) => see(service, false));
  return { services: [...withLocalNamesFirst(called), ...led], problems };
}

/** Those that a workload means to call, and what keeps it from some; for a gateway the ones that want to be published. */
function meantBy(
  workload: Workload,
  { directory: { services }, published }: CallerSide,
  networkIds: ReadonlySet<string>,
): { readonly meant: readonly DirectoryService[]; readonly problems: Problem[] } {
  const index = indexOf(services);
  if (workload.gateway !== undefined) {
    const wanted = workload.upstreams === undefined ? services : index.namedBy(workload);
    const meant = wanted.filter(({ service }) => published?.has(service) === true);
    const problems =
      workload.upstreams === undefined
        ? servicesApart(workload, meant)
        : unreachableServices(workload, services);
    return { meant, problems };
  }
  const meant =
    workload.upstreams === undefined ? index.onNetworks(networkIds) : index.namedBy(workload);
  return { meant, problems: unreachableServices(workload, services) };
}

/** The services beyond these to which their policies lead, and theirs in turn, sorted by name. */
function ledTo(
  services: readonly DirectoryService[],
  { directory, policyOf }: CallerSide,
): DirectoryService[] {
  const seen = new Set(services.map(({ service }) => service));
  const own = new Set(seen);
  // A set that grows while it is walked is walked to its new end.
  for (const name of seen) {
    for (const next of policyOf(name).services) seen.add(next);
  }
  if (seen.size === own.size) return [];
  return directory.services.filter(({ service }) => seen.has(service) && !own.has(service));
}

/** In its own project a short name is the project's service, whoever else has it as a full name. */
function withLocalNamesFirst(services: readonly OutboundService[]): OutboundService[] {
  const local = new Map(
    services.flatMap(({ service, names }) =>
      names.filter((name) => name !== service).map((name) => [name, service] as const),
    ),
  );
  return services.map((each) => {
    const names = each.names.filter((name) => (local.get(name) ?? each.service) === each.service);
    return names.length === each.names.length ? each : { ...each, names };
  });
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
