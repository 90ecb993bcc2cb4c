// What else there is to say to an explanation, and what it does not know. Pure.
import type { CallsReport } from "../../proxy/configuration/calls-report.ts";
import type { SidecarReport, Snapshot } from "../../proxy/configuration/snapshot.ts";
import type { Workload } from "../workload/workload.ts";
import type { FoundCaller } from "./callers.ts";

export const STREAM_NOTE: string =
  "the port carries byte streams: routes, retries and rules about requests do not apply to them";

/** How sure it is what the caller's sidecar has. */
export function callerNotes(
  { workload, node, local }: FoundCaller,
  snapshot: Snapshot | undefined,
  report: SidecarReport | undefined,
): string[] {
  const { containerName } = workload;
  if (local === undefined)
    return [
      `${containerName} runs on ${node}: its labels mesh.upstreams and mesh.intercept, and which endpoints its sidecar has ejected, are known there alone; ask there to be sure`,
    ];
  if (snapshot === undefined)
    return [`the sidecar of ${containerName} has no configuration yet: this is what it will get`];
  if (report === undefined) return [`the sidecar of ${containerName} has not reported yet`];
  return report.version === snapshot.version
    ? []
    : [`the sidecar of ${containerName} has not taken over its newest configuration yet`];
}

export function limitNotes(
  workload: Workload,
  calls: readonly CallsReport[],
  service: string,
): string[] {
  const open = calls.find((each) => each.service === service)?.open ?? [];
  return open.map(
    (limit) =>
      `the sidecar of ${workload.containerName} has reached limits.${limit} of ${service} at this moment: more than that is OVERLOADED`,
  );
}
