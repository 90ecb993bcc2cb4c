// Containers, workloads and sidecars of a shop, for the agent's tests: each test says only what matters to it.
import type { NetworkAddress } from "../../mesh/model.ts";
import type { ContainerFacts, SidecarFacts } from "../../plugin/docker/container-facts.ts";
import { understand } from "../../plugin/workload/understand.ts";
import type { Workload } from "../../plugin/workload/workload.ts";
import type { SidecarReport } from "../../proxy/configuration/snapshot.ts";

export const NODE = "node-a";
export const CREATED_AT = "2026-03-01T07:59:00.000000001Z";
export const STARTED_AT = "2026-03-01T08:00:00.000000001Z";
export const RESTARTED_AT = "2026-03-01T09:30:00.000000002Z";

/** A container id made of one letter. */
export function containerId(letter: string): string {
  return letter.repeat(64);
}

/** A workload's address on a network called `name`, whose id is that name too. */
export function onNetwork(name: string, address: string): NetworkAddress {
  return { networkId: `id of ${name}`, networkName: name, address };
}

/** Labels that Compose gives a service's containers, and those of the mesh. */
export function composeLabels(
  service: string,
  mesh: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    "com.docker.compose.project": "shop",
    "com.docker.compose.service": service,
    "mesh.enable": "true",
    ...mesh,
  };
}

/** The running container `shop-<service>-1` with that letter's id, exposing 8080 on `shop_default`. */
export function factsOf(
  service: string,
  letter: string,
  changes: Partial<ContainerFacts> = {},
): ContainerFacts {
  return {
    id: containerId(letter),
    name: `shop-${service}-1`,
    labels: composeLabels(service),
    running: true,
    paused: false,
    createdAt: CREATED_AT,
    startedAt: STARTED_AT,
    networkMode: "shop_default",
    networks: [onNetwork("shop_default", `198.18.0.${letter.charCodeAt(0)}`)],
    exposedPorts: [8080],
    surroundings: { subnets: ["198.18.0.0/24"], gateways: ["198.18.0.1"], nameServers: [] },
    hostsPath: `/var/lib/docker/containers/${containerId(letter)}/hosts`,
    health: "none",
    stopSignal: "SIGTERM",
    stopTimeout: 10_000,
    ...changes,
  };
}

/** That container as a workload, understood from its labels. */
export function workloadOf(
  service: string,
  letter: string,
  changes: Partial<Workload> = {},
  mesh: Readonly<Record<string, string>> = {},
): Workload {
  const { workload, problems } = understand(
    factsOf(service, letter, { labels: composeLabels(service, mesh) }),
  );
  if (workload === undefined) throw new Error(problems.map(({ message }) => message).join("; "));
  return { ...workload, ...changes };
}

/** The running sidecar, `id`, of the workload with that letter's id. */
export function sidecarOf(
  letter: string,
  id: string,
  changes: Partial<SidecarFacts> = {},
): SidecarFacts {
  return {
    id,
    name: `sidecar-${id}`,
    role: "sidecar",
    running: true,
    createdAt: CREATED_AT,
    workloadId: containerId(letter),
    workloadStartedAt: STARTED_AT,
    specification: "specification-1",
    version: "0.1.0",
    token: `token of ${id}`,
    explicit: undefined,
    ...changes,
  };
}

/** What a sidecar that is well reports. */
export function reportOf(changes: Partial<SidecarReport> = {}): SidecarReport {
  return {
    version: "1",
    ready: true,
    problems: [],
    application: "passing",
    applicationNote: "accepts connections",
    counters: {
      inboundTls: 0,
      inboundPlaintext: 0,
      outbound: {},
      outboundFailed: 0,
      retries: 0,
      refusedPeers: 0,
      auditedDenials: 0,
      connections: 0,
      linkViolations: 0,
      failures: {},
      inboundTimes: { count: 0, p50: 0, p99: 0 },
      outboundTimes: { count: 0, p50: 0, p99: 0 },
    },
    endpoints: [],
    residentBytes: 50_000_000,
    ...changes,
  };
}
