// How the endpoints of a service are, as the sidecars of this node that call it report it. Pure.
import type { EndpointReport } from "../../proxy/configuration/snapshot.ts";
import type { LocalWorkload } from "../reconcile/reconciler.ts";

/** One endpoint as one caller's sidecar sees it; what is not explained here is as in the sidecar's report. */
export interface CallerReport
  extends Pick<
    EndpointReport,
    "port" | "state" | "reason" | "since" | "share" | "ejections" | "latency"
  > {
  /** The container that calls, and its service. */
  readonly caller: string;
  readonly callerService: string;
  /** The instance id. */
  readonly endpoint: string;
  /** Requests in flight. */
  readonly active: number;
}

/** Sorted by caller, then by endpoint and port. */
export function callerReports(
  service: string,
  workloads: readonly Pick<LocalWorkload, "workload" | "sidecar">[],
): readonly CallerReport[] {
  const reports = workloads.flatMap(({ workload, sidecar }) =>
    (sidecar?.report?.endpoints ?? [])
      .filter((report) => report.service === service)
      .map(({ service: _, id, activeRequests, ...report }) => ({
        ...{ caller: workload.containerName, callerService: workload.service, endpoint: id },
        ...{ active: activeRequests, ...report },
      })),
  );
  return reports.sort((a, b) => compare(orderOf(a), orderOf(b)));
}

function orderOf({ caller, endpoint, port }: CallerReport): string {
  return [caller, endpoint, String(port).padStart(5, "0")].join("\0");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
