// A request as one of its two sidecars saw it, as a span in OTLP's JSON, with the names of OpenTelemetry's conventions
// (https://opentelemetry.io/docs/specs/semconv/http/http-spans/, .../rpc/grpc/) and, below `mesh.`, our own. Pure.
import type {
  EarlierTry,
  ObservedRequest,
  TraceIds,
} from "../../proxy/configuration/observed-request.ts";
import type { ObservedWorkload } from "../observation/observed-workload.ts";
import { isServerFailure } from "../observation/outcome.ts";
import { type Attribute, attributes, nanoseconds, wellFormed } from "./attributes.ts";
import { GRPC_NAMES } from "./grpc-names.ts";

export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState?: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly events?: readonly SpanEvent[];
  readonly status?: SpanStatus;
}

export interface SpanStatus {
  readonly message?: string;
  readonly code: number;
}

export interface SpanEvent {
  readonly timeUnixNano: string;
  readonly name: string;
  readonly attributes: readonly Attribute[];
}

const KINDS = { destination: 2, source: 3 } as const;
const ERROR = 2;

/** Any other one is written as `_OTHER`, so that callers cannot make up names without end. */
const METHODS: ReadonlySet<string> = new Set([
  ...["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"],
]);

/** Who tells the span: the workload as a service under its name in the catalog, as it is in metrics. */
export function resourceAttributes(workload: ObservedWorkload, node: string): Attribute[] {
  return attributes({
    "service.name": workload.service,
    "service.namespace": workload.project,
    "service.version": workload.version,
    "service.instance.id": workload.instanceId,
    "container.id": workload.containerId,
    "container.name": workload.containerName,
    "host.name": node,
  });
}

export function toSpan(request: ObservedRequest, trace: TraceIds): Span {
  const { reporter, startedAt, milliseconds, tries } = request;
  const start = nanoseconds(startedAt);
  const error = errorType(request);
  return {
    traceId: trace.traceId,
    spanId: trace.spanId,
    ...(trace.state === "" ? {} : { traceState: wellFormed(trace.state) }),
    ...(trace.parentId === "" ? {} : { parentSpanId: trace.parentId }),
    name: nameOf(request),
    kind: KINDS[reporter],
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + nanoseconds(milliseconds)),
    attributes: [
      ...attributes(httpValues(request)),
      ...attributes(rpcValues(request)),
      ...attributes({ ...meshValues(request), "error.type": error }),
    ],
    ...(tries.length === 0 ? {} : { events: tries.map((each) => tryEvent(start, each)) }),
    ...(error === undefined ? {} : { status: errorStatus(request) }),
  };
}

/** Of few values, whatever callers ask: no path. */
function nameOf({ protocol, method, path }: ObservedRequest): string {
  if (protocol === "grpc" && path.length > 1) return wellFormed(path.slice(1));
  return METHODS.has(method) ? method : "HTTP";
}

type Values = Readonly<Record<string, string | number | boolean | undefined>>;

function httpValues(request: ObservedRequest): Values {
  const { reporter, protocol, method, host, path, status, tries, address } = request;
  const [, serverAddress = host, serverPort] = /^(.*):(\d{1,5})$/.exec(host) ?? [];
  const isCaller = reporter === "source";
  const isKnown = METHODS.has(method);
  return {
    "http.request.method": isKnown ? method : "_OTHER",
    "http.request.method_original": isKnown ? undefined : method,
    // Without the query, which may hold secrets.
    "url.full": isCaller && host !== "" ? `http://${host}${path}` : undefined,
    "url.scheme": isCaller ? undefined : "http",
    "url.path": isCaller ? undefined : path,
    "server.address": serverAddress,
    "server.port": serverPort === undefined ? undefined : Number(serverPort),
    "client.address": address,
    "network.protocol.version": protocol === "http1" ? "1.1" : "2",
    "http.response.status_code": status === 0 ? undefined : status,
    "http.request.resend_count": tries.length === 0 ? undefined : tries.length,
    "http.request.body.size": request.requestBytes,
    "http.response.body.size": request.responseBytes,
  };
}

function rpcValues({ protocol, path, grpcStatus }: ObservedRequest): Values {
  if (protocol !== "grpc") return {};
  const [, service, method] = /^\/(.+)\/([^/]+)$/.exec(path) ?? [];
  return {
    "rpc.system": "grpc",
    "rpc.service": service,
    "rpc.method": method,
    "rpc.grpc.status_code": grpcStatus ? Number(grpcStatus) : undefined,
  };
}

function meshValues(request: ObservedRequest): Values {
  const { reporter, peer, endpoint, version, failure, reason, status } = request;
  return {
    "peer.service": reporter === "source" ? peer : undefined,
    "mesh.peer": peer,
    "mesh.endpoint": endpoint,
    "mesh.endpoint.version": version,
    "mesh.failure": failure,
    "mesh.reason": reason,
    // The caller went away before it was answered.
    "mesh.cancelled": status === 0 && failure === undefined ? true : undefined,
  };
}

/**
 * Undefined for what is no error. What the mesh answered or broke off always is one; else a caller counts 4xx and every status of
 * gRPC's but OK, a callee only what it is to blame for itself.
 */
function errorType({ reporter, failure, status, grpcStatus }: ObservedRequest): string | undefined {
  if (failure !== undefined) return failure;
  const isCaller = reporter === "source";
  if (grpcStatus && (isCaller ? grpcStatus !== "0" : isServerFailure(grpcStatus)))
    return GRPC_NAMES[Number(grpcStatus)] ?? grpcStatus;
  return status >= (isCaller ? 400 : 500) ? String(status) : undefined;
}

function errorStatus({ reason }: ObservedRequest): SpanStatus {
  return { ...(reason === undefined ? {} : { message: wellFormed(reason) }), code: ERROR };
}

function tryEvent(start: bigint, { endpoint, endedAfter, outcome }: EarlierTry): SpanEvent {
  return {
    timeUnixNano: String(start + nanoseconds(endedAfter)),
    name: "mesh.try",
    attributes: attributes({ "mesh.endpoint": endpoint, "mesh.outcome": outcome }),
  };
}
