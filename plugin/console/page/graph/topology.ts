// Which services and calls are drawn, and what is wrong with each, from what the agent tells. Pure.
import type { ConsoleView, EdgeView } from "../../view.ts";

/** In place of a caller's name: `OUTSIDE` of the contract, which gives the page its types only. */
export const OUTSIDE = "outside";

/** Nodes beyond which the whole graph says nothing any more. */
export const NODE_LIMIT = 60;

export type Trouble = "none" | "warning" | "bad";

export interface TopologyNode {
  readonly id: string;
  readonly kind: "service" | "outside" | "gone";
  readonly instances: number;
  readonly passing: number;
  readonly protocol: string;
  readonly trouble: Trouble;
}

export interface TopologyEdge extends EdgeView {
  readonly trouble: Trouble;
}

export interface Topology {
  readonly nodes: readonly TopologyNode[];
  readonly edges: readonly TopologyEdge[];
  /** Neighbours that there was no room for. */
  readonly hidden: number;
}

/** Share of errors from which an edge is a warning, and from which it is bad. */
export const ERRORS = { warning: 0.01, bad: 0.05 } as const;

/** Every service and every call. */
export function wholeTopology(view: ConsoleView): Topology {
  const services = new Map(view.status.services.map((service) => [service.service, service]));
  const names = new Set(services.keys());
  for (const { source, destination } of view.edges) names.add(source).add(destination);
  const nodes = [...names].sort().map((id): TopologyNode => {
    const service = services.get(id);
    if (service === undefined) {
      const kind = id === OUTSIDE ? "outside" : "gone";
      return { id, kind, instances: 0, passing: 0, protocol: "", trouble: "none" };
    }
    const { instances, passing, protocol } = service;
    const trouble = troubleOfService(instances, passing);
    return { id, kind: "service", instances, passing, protocol, trouble };
  });
  const edges = view.edges.map((edge) => ({ ...edge, trouble: troubleOfEdge(edge) }));
  return { nodes, edges, hidden: 0 };
}

/** One service with those that call it and those it calls, the busiest first, at most `limit` nodes. */
export function neighbourhood(whole: Topology, focus: string, limit: number): Topology {
  const near = whole.edges
    .filter(({ source, destination }) => source === focus || destination === focus)
    .toSorted((a, b) => weight(b) - weight(a));
  const kept = new Set([focus]);
  const left = new Set<string>();
  for (const { source, destination } of near) {
    const other = source === focus ? destination : source;
    if (kept.has(other)) continue;
    if (kept.size < limit) kept.add(other);
    else left.add(other);
  }
  return {
    nodes: whole.nodes.filter(({ id }) => kept.has(id)),
    edges: near.filter(({ source, destination }) => kept.has(source) && kept.has(destination)),
    hidden: left.size,
  };
}

export function troubleOfService(instances: number, passing: number): Trouble {
  if (instances > 0 && passing === 0) return "bad";
  return passing < instances ? "warning" : "none";
}

export function troubleOfEdge({ errorShare, security }: EdgeView): Trouble {
  if (errorShare >= ERRORS.bad) return "bad";
  return errorShare >= ERRORS.warning || security === "plaintext" ? "warning" : "none";
}

/** How much goes on, requests and streams in one measure. */
export function weight(edge: EdgeView): number {
  return edge.requestsPerSecond + edge.openStreams + edge.streamBytesPerSecond / 10_000;
}
