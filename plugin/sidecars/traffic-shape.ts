// Whether what a sidecar reports of traffic has the shape of a report: a sidecar runs beside somebody's application.
import type { CallsReport } from "../../proxy/configuration/calls-report.ts";
import {
  BUCKETS,
  type ConversationReport,
  type DistributionReport,
  type RequestsReport,
  type StreamsReport,
} from "../../proxy/configuration/traffic-report.ts";
import { isFailureCode } from "./failure-code.ts";

/** Characters of a peer's name or identity, and of a version. */
const LONGEST_TEXT = 600;

/** Sidecars before 0.2 report none. */
export function isTraffic(value: unknown): value is readonly ConversationReport[] | undefined {
  return value === undefined || (Array.isArray(value) && value.every(isConversation));
}

/** Sidecars before 0.2 report none. */
export function isCalls(value: unknown): value is readonly CallsReport[] | undefined {
  return value === undefined || (Array.isArray(value) && value.every(isCallsReport));
}

function isCallsReport(value: Partial<CallsReport> | null): boolean {
  const { service, retries, ejections, overflows, open } = value ?? {};
  return (
    isText(service) &&
    [retries, ejections].every(isQuantity) &&
    typeof overflows === "object" &&
    overflows !== null &&
    Object.entries(overflows).every(([name, count]) => isLimit(name) && isQuantity(count)) &&
    Array.isArray(open) &&
    open.every(isLimit)
  );
}

/** Also one that this agent does not know, and does not count: its sidecar may be newer. */
function isLimit(name: unknown): boolean {
  return typeof name === "string" && /^[a-z-]{1,40}$/.test(name);
}

function isConversation(value: Partial<ConversationReport> | null): boolean {
  const { reporter, peer, version, requests, streams } = value ?? {};
  return (
    (reporter === "source" || reporter === "destination") &&
    [peer, version].every(isText) &&
    Array.isArray(requests) &&
    requests.every(isRequests) &&
    (streams === undefined || isStreams(streams))
  );
}

function isStreams(value: Partial<StreamsReport> | null): boolean {
  const { opened, closed, receivedBytes, sentBytes } = value ?? {};
  return [opened, closed, receivedBytes, sentBytes].every(isQuantity);
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.length <= LONGEST_TEXT;
}

function isRequests(value: Partial<RequestsReport> | null): boolean {
  const { status, failure, grpcStatus, durations, requestBytes, responseBytes } = value ?? {};
  return (
    Number.isInteger(status) &&
    Number(status) >= 0 &&
    Number(status) <= 999 &&
    (failure === undefined || isFailureCode(failure)) &&
    (grpcStatus === undefined || /^\d{0,2}$/.test(grpcStatus)) &&
    [durations, requestBytes, responseBytes].every(isDistribution)
  );
}

function isDistribution(value: Partial<DistributionReport> | null | undefined): boolean {
  const { sum, counts } = value ?? {};
  return (
    isQuantity(sum) &&
    Array.isArray(counts) &&
    counts.length === BUCKETS.length + 1 &&
    counts.every(isQuantity)
  );
}

function isQuantity(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
