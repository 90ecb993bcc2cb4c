// How Envoy abbreviates the reasons that our failure codes give, so that dashboards made for it fit
// (https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage, RESPONSE_FLAGS).
import type { RequestsReport } from "../../proxy/configuration/traffic-report.ts";

type FailureCode = NonNullable<RequestsReport["failure"]>;

export const RESPONSE_FLAGS: Readonly<Record<FailureCode, string>> = {
  NO_HEALTHY_ENDPOINT: "UH",
  ENDPOINTS_UNREACHABLE: "UF",
  CONNECTION_LOST: "UC",
  APPLICATION_UNREACHABLE: "UF",
  REQUEST_MALFORMED: "DPE",
  REQUEST_TOO_LARGE: "DPE",
  REQUEST_TIMEOUT: "DT",
  REQUEST_UNSUPPORTED: "DPE",
  RESPONSE_MALFORMED: "UPE",
  TRY_TIMED_OUT: "UT",
  REQUEST_TIMED_OUT: "UT",
  STREAM_IDLE: "SI",
  OVERLOADED: "UO",
  RATE_LIMITED: "RL",
  ACCESS_DENIED: "UAEX",
  TOKEN_INVALID: "UAEX",
  NOT_PUBLISHED: "NR",
  EGRESS_DENIED: "UAEX",
  EGRESS_UNREACHABLE: "UF",
  FAULT_INJECTED: "FI",
};

/** The caller went away before it was answered. */
const CALLER_GONE = "DC";
const NONE = "-";

export function responseFlags({
  status,
  failure,
}: Pick<RequestsReport, "status" | "failure">): string {
  if (failure !== undefined) return RESPONSE_FLAGS[failure] ?? NONE;
  return status === 0 ? CALLER_GONE : NONE;
}
