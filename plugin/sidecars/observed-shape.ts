// What a sidecar tells of single requests, read from its JSON: a sidecar runs beside somebody's application, so whatever is not
// as the contract says refuses the whole batch, and fields that are not known go no further.
import {
  BATCH_LIMIT,
  type EarlierTry,
  type ObservedRequest,
  type ObservedRequests,
  PATH_LIMIT,
  TEXT_LIMIT,
  TRIES_LIMIT,
  type TraceIds,
} from "../../proxy/configuration/observed-request.ts";
import { isFailureCode } from "./failure-code.ts";

/** Characters of `tracestate`. */
const LONGEST_STATE = 8_192;
/** ms: moments until the year 2286, which nanoseconds in 64 bits can say. */
const LAST_MOMENT = 1e13;
const LONGEST_TIME = 1e12;
const PROTOCOLS: readonly unknown[] = ["http1", "http2", "grpc"];

/** Undefined for anything else than a batch. */
export function readObservedRequests(text: string): ObservedRequests | undefined {
  const value = parse(text);
  const { requests, droppedSpans, droppedTaps, droppedLines } = value ?? {};
  const isBatch =
    [droppedSpans, droppedTaps, droppedLines].every((count) => isWithin(count)) &&
    Array.isArray(requests) &&
    requests.length <= BATCH_LIMIT &&
    requests.every(isRequest);
  if (!isBatch) return undefined;
  const dropped = { droppedSpans, droppedTaps, droppedLines } as Omit<ObservedRequests, "requests">;
  return { ...dropped, requests: requests.map(withoutOtherFields) };
}

function parse(text: string): Partial<ObservedRequests> | null {
  try {
    return JSON.parse(text) as Partial<ObservedRequests> | null;
  } catch {
    return null;
  }
}

function isRequest(value: Partial<ObservedRequest> | null): value is ObservedRequest {
  const { reporter, protocol, tries, trace, startedAt, milliseconds } = value ?? {};
  return (
    (reporter === "source" || reporter === "destination") &&
    PROTOCOLS.includes(protocol) &&
    isWithin(startedAt, LAST_MOMENT) &&
    isWithin(milliseconds, LONGEST_TIME) &&
    hasTexts(value ?? {}) &&
    hasOutcome(value ?? {}) &&
    Array.isArray(tries) &&
    tries.length <= TRIES_LIMIT &&
    tries.every(isTry) &&
    (trace === undefined || isTrace(trace))
  );
}

function hasTexts(value: Partial<ObservedRequest>): boolean {
  const { peer, address = "", method, host, path, reason = "", endpoint, version } = value;
  return (
    [peer, address, method, reason, endpoint, version].every((text) => isText(text)) &&
    isText(host, PATH_LIMIT) &&
    isText(path, PATH_LIMIT)
  );
}

function hasOutcome(value: Partial<ObservedRequest>): boolean {
  const { status, failure, grpcStatus = "", requestBytes, responseBytes } = value;
  return (
    Number.isInteger(status) &&
    isWithin(status, 999) &&
    (failure === undefined || isFailureCode(failure)) &&
    isText(grpcStatus) &&
    /^\d{0,2}$/.test(grpcStatus) &&
    isWithin(requestBytes) &&
    isWithin(responseBytes)
  );
}

function isTry(value: Partial<EarlierTry> | null): boolean {
  const { endpoint, endedAfter, outcome } = value ?? {};
  return isText(endpoint) && isText(outcome) && isWithin(endedAfter, LONGEST_TIME);
}

function isTrace(value: Partial<TraceIds> | null): boolean {
  const { traceId, spanId, parentId, state, kept } = value ?? {};
  return (
    isId(traceId, 32) &&
    isId(spanId, 16) &&
    (parentId === "" || isId(parentId, 16)) &&
    isText(state, LONGEST_STATE) &&
    typeof kept === "boolean"
  );
}

/** W3C Trace Context: an id of zeros is none. */
function isId(value: unknown, digits: number): boolean {
  return (
    typeof value === "string" &&
    value.length === digits &&
    /^[0-9a-f]+$/.test(value) &&
    /[^0]/.test(value)
  );
}

function isText(value: unknown, longest = TEXT_LIMIT): value is string {
  return typeof value === "string" && value.length <= longest;
}

function isWithin(value: unknown, most = Number.MAX_SAFE_INTEGER): boolean {
  return typeof value === "number" && value >= 0 && value <= most;
}

function withoutOtherFields(request: ObservedRequest): ObservedRequest {
  const { reporter, peer, address, startedAt, milliseconds, protocol } = request;
  const { method, host, path } = request;
  const { status, grpcStatus, failure, reason, endpoint, version } = request;
  const { tries, requestBytes, responseBytes, trace } = request;
  return {
    ...{ reporter, peer, address, startedAt, milliseconds, protocol },
    ...{ method, host, path },
    ...{ status, grpcStatus, failure, reason, endpoint, version },
    tries: tries.map(({ endpoint, endedAfter, outcome }) => ({ endpoint, endedAfter, outcome })),
    ...{ requestBytes, responseBytes },
    trace: trace && onlyIds(trace),
  };
}

function onlyIds({ traceId, spanId, parentId, state, kept }: TraceIds): TraceIds {
  return { traceId, spanId, parentId, state, kept };
}
