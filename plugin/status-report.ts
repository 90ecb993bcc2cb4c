// Puts the status of the node together from what the parts of the agent know. Pure.

import { describeDistance } from "../proxy/configuration/contract.ts";
import type { SidecarCounters, TimesSummary } from "../proxy/configuration/snapshot.ts";
import type { CatalogStatus } from "../registry/catalog.ts";
import type { TrustBundle } from "./certificates/authority.ts";
import type { LocalWorkload } from "./reconcile/reconciler.ts";
import type { DirectoryService } from "./sidecars/directory.ts";
import type {
  AgentStatus,
  MeshStatus,
  NodeStatus,
  Problem,
  RequestCounts,
  ServiceStatus,
  WorkloadStatus,
} from "./status.ts";

export interface StatusParts {
  readonly agent: Omit<AgentStatus, "catalogReachable" | "trustDomain">;
  readonly catalog: CatalogStatus;
  readonly bundle: TrustBundle | undefined;
  readonly authorityProblem: string | undefined;
  readonly nodes: readonly NodeStatus[];
  readonly services: readonly DirectoryService[];
  /** Of the policy that people have set for a service; 0 for none. */
  readonly policyVersion: (service: string) => number;
  readonly workloads: readonly LocalWorkload[];
  readonly leafExpiry: (
    service: string,
  ) => { readonly uri: string; readonly notAfter: number } | undefined;
  readonly problems: readonly Problem[];
}

export function reportStatus(parts: StatusParts): MeshStatus {
  return {
    agent: {
      ...parts.agent,
      catalogReachable: parts.catalog.reachable,
      trustDomain: parts.bundle?.trustDomain,
    },
    nodes: parts.nodes,
    services: parts.services.map((service) => toServiceStatus(service, parts.policyVersion)),
    workloads: parts.workloads.map((workload) => toWorkloadStatus(workload, parts.leafExpiry)),
    problems: collectProblems(parts),
  };
}

function toServiceStatus(
  { service, ports, entries }: DirectoryService,
  policyVersion: StatusParts["policyVersion"],
): ServiceStatus {
  return {
    service,
    protocol: ports[0]?.protocol ?? "http",
    ports: ports.map(({ port }) => port),
    instances: entries.length,
    passing: entries.filter(({ health }) => health === "passing").length,
    policyVersion: policyVersion(service),
  };
}

function toWorkloadStatus(
  local: LocalWorkload,
  leafExpiry: StatusParts["leafExpiry"],
): WorkloadStatus {
  const { workload, sidecar } = local;
  const report = sidecar?.report;
  const certificate = report?.version === undefined ? undefined : leafExpiry(workload.service);
  return {
    service: workload.service,
    container: workload.containerName,
    containerId: workload.containerId,
    version: workload.version,
    health: local.health === "unknown" ? "starting" : local.health,
    sidecar: sidecarState(local),
    mtls: workload.mtls,
    intercept: workload.intercept,
    egress: describeEgress(workload),
    identity: certificate?.uri,
    certificateExpiresAt: certificate?.notAfter,
    requests: countRequests(report?.counters),
    sidecarResidentBytes: report?.residentBytes,
  };
}

function sidecarState({ sidecar }: LocalWorkload): WorkloadStatus["sidecar"] {
  if (sidecar === undefined) return "absent";
  if (sidecar.lost || (sidecar.report?.problems.length ?? 0) > 0) return "failing";
  return sidecar.report?.ready ? "ready" : "starting";
}

/** Those of the node that its parts tell, and those of catalog, certificates and sidecars, sorted. */
function collectProblems(parts: StatusParts): Problem[] {
  const problems = [...parts.problems];
  const { catalog, authorityProblem } = parts;
  if (!catalog.reachable) {
    const found = catalog.problem ?? "not reached yet";
    const message = `${found}; traffic goes on with what was known last. ${unreachedCause(found)}`;
    problems.push({ subject: parts.agent.catalog, code: "CATALOG_UNAVAILABLE", message });
  }
  if (catalog.reachable && catalog.problem !== undefined) {
    const message = `${catalog.problem}; where Consul uses access control, MESH_CONSUL_TOKEN must hold a token that allows it`;
    problems.push({ subject: parts.agent.catalog, code: "CATALOG_REFUSED", message });
  }
  if (authorityProblem !== undefined) {
    problems.push({
      subject: "certificates",
      code: "CERTIFICATE_INVALID",
      message: authorityProblem,
    });
  }
  for (const { workload, sidecar } of parts.workloads) {
    const subject = workload.containerName;
    for (const message of sidecar?.report?.problems ?? [])
      problems.push({ subject, code: "SIDECAR_PROBLEM", message });
    if (sidecar?.strangeContract !== undefined) {
      const distance = describeDistance(sidecar.strangeContract);
      const message = `its sidecar speaks ${distance}: it goes on with what it knows, until it is replaced or an agent of a neighbouring version is here`;
      problems.push({ subject, code: "VERSION_MISMATCH", message });
    }
  }
  return problems.sort((a, b) =>
    `${a.subject} ${a.message}` < `${b.subject} ${b.message}` ? -1 : 1,
  );
}

const NOBODY_THERE = /not reached yet|ECONNREFUSED|ECONNRESET|ENOENT|ENOTFOUND|EAI_AGAIN|EACCES/;

/** Where to look: at Consul itself, or at what is behind the Consul that did answer. */
function unreachedCause(found: string): string {
  return NOBODY_THERE.test(found)
    ? "No Consul answers at MESH_CONSUL_ADDRESS: start it (on a swarm `docker service ps --no-trunc mesh_consul` shows what keeps it), or correct the address"
    : "Consul has no leader, is overloaded, or its agent on this node reaches no server: see that the servers run (on a swarm " +
        "`docker service ps mesh_consul-server`) and that ports 7946 (TCP and UDP) and 4789 (UDP) are open between the nodes";
}

function describeEgress({ egress }: LocalWorkload["workload"]): WorkloadStatus["egress"] {
  if (egress === "allow") return "allow";
  return egress.hosts.length + egress.ranges.length === 0 ? "deny" : "list";
}

const NO_TIMES: TimesSummary = { count: 0, p50: 0, p99: 0 };

/** A sidecar of an earlier version does not know all counters. */
function countRequests(counters: Partial<SidecarCounters> = {}): RequestCounts {
  return {
    inboundTls: counters.inboundTls ?? 0,
    inboundPlaintext: counters.inboundPlaintext ?? 0,
    outbound: Object.values(counters.outbound ?? {}).reduce((sum, count) => sum + count, 0),
    outboundFailed: counters.outboundFailed ?? 0,
    failures: counters.failures ?? {},
    auditedDenials: counters.auditedDenials ?? 0,
    connections: counters.connections ?? 0,
    refusedPeers: counters.refusedPeers ?? 0,
    linkViolations: counters.linkViolations ?? 0,
    inboundTimes: counters.inboundTimes ?? NO_TIMES,
    outboundTimes: counters.outboundTimes ?? NO_TIMES,
  };
}
