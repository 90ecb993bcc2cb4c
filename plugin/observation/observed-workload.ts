// Whose sidecar tells of single requests. The agent knows it; a sidecar never says it itself.
import type { ObservedRequests } from "../../proxy/configuration/observed-request.ts";
import type { ReportingWorkload } from "../metrics/request-labels.ts";

export interface ObservedWorkload extends ReportingWorkload {
  readonly instanceId: string;
  readonly containerId: string;
  readonly containerName: string;
}

/** Takes what a sidecar tells. */
export type ObservationSink = (workload: ObservedWorkload, observed: ObservedRequests) => void;
