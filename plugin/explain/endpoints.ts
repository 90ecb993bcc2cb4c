// The endpoints that a request may go to, how they are, and why the others get nothing. Pure.
import type { Policy, RoutePolicy } from "../../mesh/policy/policy.ts";
import type {
  Endpoint,
  EndpointReport,
  OutboundPort,
  OutboundService,
} from "../../proxy/configuration/snapshot.ts";
import type { CatalogEntry } from "../../registry/catalog.ts";
import type { DirectoryService } from "../sidecars/directory.ts";
import type { ExplainedEndpoint } from "./explanation.ts";

export interface EndpointsSketch {
  /** One service among those that the request may go to, as the caller's sidecar has it, and as the catalog does. */
  readonly service: OutboundService;
  readonly port: OutboundPort;
  readonly directory: DirectoryService | undefined;
  readonly networkIds: ReadonlySet<string>;
  readonly reports: readonly EndpointReport[];
  /** Percent of requests by endpoint id. */
  readonly shares: ReadonlyMap<string, number>;
  /** Whether it stands in for another one. */
  readonly standsIn: boolean;
  readonly route: RoutePolicy | undefined;
  readonly policy: Policy;
  /** Whether requests of a kind keep to one endpoint. */
  readonly keyed: boolean;
  /** Whether the mesh answers before any endpoint is chosen. */
  readonly answered: boolean;
}

export function endpointsOf(sketch: EndpointsSketch): ExplainedEndpoint[] {
  const { service, directory, port } = sketch;
  const entries = directory?.entries ?? [];
  const listed = entries.map((entry) => {
    const known = port.endpoints.find(({ id }) => id === entry.instance.id);
    return known === undefined ? unusable(entry, sketch) : usable(known, entry, sketch);
  });
  const forgotten = port.endpoints.filter(
    ({ id }) => !entries.some(({ instance }) => instance.id === id),
  );
  return [
    ...listed,
    ...forgotten.map((endpoint) => ({
      ...{ service: service.service, id: endpoint.id, container: "-", node: "-" },
      ...{ address: `${endpoint.address}:${endpoint.port}`, network: undefined },
      ...{
        version: endpoint.version,
        health: "unknown",
        state: stateOf(endpoint.id, sketch)?.state,
      },
      share: sketch.shares.get(endpoint.id) ?? 0,
      reason: "the catalog does not list it any more",
    })),
  ];
}

function usable(
  endpoint: Endpoint,
  { instance, health }: CatalogEntry,
  sketch: EndpointsSketch,
): ExplainedEndpoint {
  const report = stateOf(endpoint.id, sketch);
  const share = sketch.shares.get(endpoint.id) ?? 0;
  const network = instance.networks.find(({ address }) => address === endpoint.address);
  return {
    ...{ service: sketch.service.service, id: endpoint.id },
    ...{ container: instance.containerName, node: instance.node },
    ...{ address: `${endpoint.address}:${endpoint.port}`, network: network?.networkName },
    ...{ version: endpoint.version, health, state: report?.state, share },
    reason: share === 0 ? whyNone(endpoint, report, sketch) : whyFewer(report),
  };
}

function stateOf(
  id: string,
  { reports, service, port }: EndpointsSketch,
): EndpointReport | undefined {
  return reports.find(
    (each) => each.id === id && each.service === service.service && each.port === port.port,
  );
}

function whyFewer(report: EndpointReport | undefined): string {
  if (report === undefined || report.state === "healthy") return "";
  return report.state === "recovering"
    ? `recovering: it has ${Math.round(report.share)}% of its usual load`
    : `${report.state}, and asked all the same, since too few others can be`;
}

function whyNone(
  endpoint: Endpoint,
  report: EndpointReport | undefined,
  sketch: EndpointsSketch,
): string {
  const { answered, keyed, standsIn, route, policy } = sketch;
  if (report?.state === "ejected") return `ejected after ${report.reason}`;
  if (report?.state === "probing") return "asked one request at a time, to see whether it is back";
  if (answered) return "the mesh answers in its place";
  const split = route?.split.length && !standsIn ? route.split : policy.split;
  const arm = split.find(({ version }) => version === endpoint.version);
  if (split.length > 0 && (arm === undefined || arm.weight === 0))
    return `version ${endpoint.version ?? "(none)"} has no share`;
  if (standsIn) return "it stands in only while nothing else can be used";
  if (policy.balance.sameNode && !endpoint.sameNode)
    return "endpoints on the caller's own node go first";
  if (keyed) return "the request's key leads to another one";
  return "others go first";
}

function unusable(
  { instance, health }: CatalogEntry,
  { service, port, networkIds }: EndpointsSketch,
): ExplainedEndpoint {
  const offers = instance.ports.some((each) => each.port === port.port);
  const shared = instance.networks.some(({ networkId }) => networkIds.has(networkId));
  const reason = !shared
    ? `it is on no network of the caller's, but on ${instance.networks.map(({ networkName }) => networkName).join(", ")}`
    : offers
      ? HEALTHS[health]
      : `it does not offer port ${port.port}`;
  return {
    ...{ service: service.service, id: instance.id, container: instance.containerName },
    ...{ node: instance.node, address: undefined, network: undefined, version: instance.version },
    ...{ health, state: undefined, share: 0, reason },
  };
}

const HEALTHS: Readonly<Record<CatalogEntry["health"], string>> = {
  passing: "the caller's sidecar has not been told of it yet",
  warning: "the caller's sidecar has not been told of it yet",
  critical: "its checks fail",
  draining: "it is about to stop",
};
