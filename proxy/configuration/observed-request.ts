// What a sidecar shows of single requests: one record behind spans, lines of the request log and `docker mesh tap`. Sidecars
// write the log themselves; what is to become a span or to be looked at goes to the agent in batches. Both sides import this.
import type { FailureCode } from "../failures.ts";
import type { Reporter } from "./traffic-report.ts";

export interface ObservedRequest {
  readonly reporter: Reporter;
  /** As in traffic reports: of `source` the catalog name of the service called, of `destination` the caller's SPIFFE id or "". */
  readonly peer: string;
  /** Of a caller without identity: where it came from. */
  readonly address?: string | undefined;
  /** Wall clock, ms with fractions, when the head had come. */
  readonly startedAt: number;
  /** ms from then to the end of the response. */
  readonly milliseconds: number;
  readonly protocol: "http1" | "http2" | "grpc";
  readonly method: string;
  /** Host or authority, "" without. */
  readonly host: string;
  /** As it goes on, after a rewrite, without its query, which may hold secrets; cut to {@link PATH_LIMIT} characters. */
  readonly path: string;
  /** What the caller was answered; 0 when it went away before. */
  readonly status: number;
  readonly grpcStatus?: string | undefined;
  /** Why, when the mesh answered or broke off. */
  readonly failure?: FailureCode | undefined;
  /** Which rule, intention or limit decided so; for people. */
  readonly reason?: string | undefined;
  /** Of `source`: the instance id of the endpoint that was asked last, and its version; "" when there is none. */
  readonly endpoint: string;
  readonly version: string;
  /** Tries before the last one. */
  readonly tries: readonly EarlierTry[];
  /** Of bodies, as they passed. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Undefined while nobody collects traces. */
  readonly trace?: TraceIds | undefined;
}

export interface EarlierTry {
  readonly endpoint: string;
  /** ms after the request's start at which it was given up. */
  readonly endedAfter: number;
  /** A status, or a code of failure. */
  readonly outcome: string;
}

/** Hexadecimal digits in lower case, as in W3C Trace Context: 32 for the trace and 16 for a span. */
export interface TraceIds {
  readonly traceId: string;
  readonly spanId: string;
  /** "" for the first span of a trace. */
  readonly parentId: string;
  /** `tracestate` as it came, "" without. */
  readonly state: string;
  /** Whether this request is to become a span: it was sampled, or has failed. */
  readonly kept: boolean;
}

/** What a sidecar tells since the last batch that arrived. */
export interface ObservedRequests {
  /** At most {@link BATCH_LIMIT}. */
  readonly requests: readonly ObservedRequest[];
  /** What was not told because it was too much. */
  readonly droppedSpans: number;
  readonly droppedTaps: number;
  /** Lines of the request log that nobody read in time. */
  readonly droppedLines: number;
}

/** Characters. */
export const PATH_LIMIT = 1_024;
/** Characters of every other text but `tracestate`. */
export const TEXT_LIMIT = 600;
/** Of a request that a hundred endpoints could not be asked, the last ones say enough. */
export const TRIES_LIMIT = 16;
export const BATCH_LIMIT = 256;

/** `POST` of one {@link ObservedRequests} as JSON; answers 204. Agents before 0.2 do not know it, and ask for none. */
export const OBSERVED_REQUESTS_PATH = "/v1/sidecar/requests";

/** In a snapshot: what is wanted of single requests. Absent: nothing. */
export interface Observation {
  /** Somebody collects traces: contexts are passed on, and spans are told. */
  readonly traces: boolean;
  /** Somebody looks: every request is told, as far as there is room. */
  readonly tap: boolean;
}
