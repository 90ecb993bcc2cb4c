// Parts of a made-up mesh for the specifications of the console's page.
import type { EndpointReport } from "../../../../plugin/console/page/client/answers.ts";
import type { ConsoleView, EdgeView } from "../../../../plugin/console/view.ts";
import type { ServiceStatus } from "../../../../plugin/status.ts";
import type { TappedRequest } from "../../../../plugin/tap/tap-event.ts";

export function edge(source: string, destination: string, more: Partial<EdgeView> = {}): EdgeView {
  return {
    ...{ source, destination, security: "mtls", requestsPerSecond: 10, errorShare: 0 },
    ...{ p50: 2, p99: 9, openStreams: 0, streamBytesPerSecond: 0, versions: {} },
    ...more,
  };
}

export function service(name: string, instances = 1, passing: number = instances): ServiceStatus {
  return { service: name, protocol: "http", ports: [8080], instances, passing, policyVersion: 0 };
}

export function consoleView(
  services: readonly ServiceStatus[],
  edges: readonly EdgeView[],
): ConsoleView {
  return {
    at: 0,
    status: {
      agent: {
        ...{ version: "0.1.0", node: "vm", engineVersion: "28.5", catalog: "embedded" },
        ...{ catalogReachable: true, trustDomain: undefined, startedAt: 0 },
      },
      ...{ nodes: [], services, workloads: [], problems: [] },
    },
    edges,
  };
}

export function report(
  caller: string,
  endpoint: string,
  state: EndpointReport["state"],
): EndpointReport {
  return {
    ...{ caller, callerService: "web", endpoint, port: 8080, state, reason: "", since: 0 },
    ...{ share: 100, ejections: 0, active: 0, latency: 0 },
  };
}

export function tapped(path: string): TappedRequest {
  return {
    ...{ reporter: "source", peer: "orders", startedAt: 0, milliseconds: 1, protocol: "http1" },
    ...{ method: "GET", host: "orders", path, status: 200, endpoint: "", version: "", tries: [] },
    ...{ requestBytes: 0, responseBytes: 0, source: "web", destination: "orders", container: "w" },
    repeated: false,
  };
}
