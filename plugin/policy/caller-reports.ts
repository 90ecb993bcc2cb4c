// How the endpoints of a service are, as the sidecars of this node that call it report it. Pure.
import type { EndpointReport } from "../../proxy/configuration/snapshot.ts";
import type { LocalWorkload } from "../reconcile/reconciler.ts";

/** One endpoint as one caller's sidecar sees it. */
export interface CallerReport extends EndpointReport {
  /** The container that calls, and its service. */
  readonly caller: string;
  readonly callerService: string;
}

/** Sorted by caller, then by endpoint and port. */
export function callerReports(
  service: string,
  workloads: readonly Pick<LocalWorkload, "workload" | "sidecar">[],
): readonly CallerReport[] {
  const reports = workloads.flatMap(({ workload, sidecar }) =>
    (sidecar?.report?.endpoints ?? [])
      .filter((endpoint) => endpoint.service === service)
      .map((endpoint) => ({
        ...{ caller: workload.containerName, callerService: workload.service },
        ...endpoint,
      })),
  );
  return reports.sort((a, b) => compare(orderOf(a), orderOf(b)));
}

function orderOf({ caller, id, port }: CallerReport): string {
  return [caller, id, String(port).padStart(5, "0")].join("\0");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
