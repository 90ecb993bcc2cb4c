// What the sidecars of this node have counted so far, by who calls whom, at one moment: what edges are computed from.

import { BUCKETS, OTHERS } from "../../proxy/configuration/traffic-report.ts";
import type { Labels } from "../metrics/exposition.ts";
import type { RequestTotals } from "../metrics/request-metrics.ts";
import type { StreamTotals } from "../metrics/stream-metrics.ts";
import { OUTSIDE } from "./view.ts";

/** Of one caller, one callee and one end that counted. */
export interface EdgeTotals {
  readonly source: string;
  readonly destination: string;
  /** Which end: both count the same requests where both are on this node. */
  readonly reporter: string;
  requests: number;
  errors: number;
  /** Whether a request or a stream came without identity. */
  isPlaintext: boolean;
  /** By {@link BUCKETS} of duration and one for what is above. */
  readonly buckets: number[];
  readonly versions: Map<string, number>;
  opened: number;
  closed: number;
  streamBytes: number;
}

export interface TrafficSample {
  /** Monotonic, ms. */
  readonly at: number;
  /** By caller, callee and end. */
  readonly edges: ReadonlyMap<string, EdgeTotals>;
}

/** UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS. */
const GRPC_FAILURES: ReadonlySet<string> = new Set(["2", "4", "12", "13", "14", "15"]);
/** Neither refused nor failed by the mesh: nothing, and a caller that went away. */
const NO_FAILURES: ReadonlySet<string> = new Set(["-", "DC"]);

export function takeSample(
  requests: Iterable<RequestTotals>,
  streams: Iterable<StreamTotals>,
  at: number,
): TrafficSample {
  const edges = new Map<string, EdgeTotals>();
  for (const { labels, counts } of requests) addRequests(edgeOf(edges, labels), labels, counts);
  for (const { labels, total } of streams) {
    const edge = edgeOf(edges, labels);
    edge.opened += total.opened;
    edge.closed += total.closed;
    edge.streamBytes += total.receivedBytes + total.sentBytes;
  }
  return { at, edges };
}

function addRequests(edge: EdgeTotals, labels: Labels, counts: readonly number[]): void {
  let count = 0;
  for (let index = 0; index < edge.buckets.length; index += 1) {
    const inBucket = counts[index] ?? 0;
    edge.buckets[index] = (edge.buckets[index] as number) + inBucket;
    count += inBucket;
  }
  edge.requests += count;
  if (isError(labels)) edge.errors += count;
  if (edge.reporter !== "source") return;
  const version = known(labels["destination_version"], "");
  edge.versions.set(version, (edge.versions.get(version) ?? 0) + count);
}

function isError(labels: Labels): boolean {
  return (
    Number(labels["response_code"]) >= 500 ||
    GRPC_FAILURES.has(labels["grpc_response_status"] ?? "") ||
    !NO_FAILURES.has(labels["response_flags"] ?? "-")
  );
}

/** Between two sidecars there is nothing but mutual TLS, so only a callee can see anything else. */
function isPlaintext(labels: Labels): boolean {
  return labels["connection_security_policy"] === "none";
}

function edgeOf(edges: Map<string, EdgeTotals>, labels: Labels): EdgeTotals {
  const source = known(labels["source_workload"], OUTSIDE);
  const destination = labels["destination_service_name"] ?? OTHERS;
  const reporter = labels["reporter"] ?? "";
  const key = `${source} ${destination} ${reporter}`;
  const edge = edges.get(key) ?? newEdge(source, destination, reporter);
  if (isPlaintext(labels)) edge.isPlaintext = true;
  edges.set(key, edge);
  return edge;
}

function newEdge(source: string, destination: string, reporter: string): EdgeTotals {
  return {
    ...{ source, destination, reporter, requests: 0, errors: 0 },
    isPlaintext: false,
    buckets: new Array<number>(BUCKETS.length + 1).fill(0),
    versions: new Map(),
    ...{ opened: 0, closed: 0, streamBytes: 0 },
  };
}

function known(text: string | undefined, otherwise: string): string {
  return text === undefined || text === "unknown" ? otherwise : text;
}
