// The status as text for a terminal. Pure: the same status at the same moment gives the same text.
import { escapeControls } from "../../mesh/printable.ts";
import type {
  AgentStatus,
  MeshStatus,
  NodeStatus,
  RequestCounts,
  WorkloadStatus,
} from "../status.ts";
import { coarseDuration } from "./coarse-duration.ts";
import { renderTable } from "./table.ts";

/** `now` is wall clock, ms. */
export function renderStatus(status: MeshStatus, now: number): string {
  return [
    renderAgent(status.agent, now),
    ...renderNodes(status),
    renderServices(status),
    renderWorkloads(status, now),
    renderProblems(status),
  ].join("\n");
}

function renderAgent(agent: AgentStatus, now: number): string {
  const lines = [
    ["Agent", `${agent.version}, up ${coarseDuration(now - agent.startedAt)}`],
    ["Node", agent.node],
    ["Engine", agent.engineVersion],
    ["Catalog", `${agent.catalog}, ${agent.catalogReachable ? "reachable" : "not reachable"}`],
    ["Trust domain", agent.trustDomain ?? "not known yet"],
  ] as const;
  return lines
    .map(([name, value]) => `${`${name}:`.padEnd(15)}${escapeControls(value)}\n`)
    .join("");
}

/** Nothing for a mesh of one node. */
function renderNodes({ nodes = [] }: Partial<MeshStatus>): string[] {
  if (nodes.length < 2) return [];
  return [renderTable(["NODE", "AGENT", "VERSION", "SIDECARS"], nodes.map(renderNode))];
}

function renderNode({ node, agent, agentVersion, sidecarVersions }: NodeStatus): string[] {
  const sidecars = sidecarVersions.map((version) => version || "unknown").join(", ");
  return [node, agent, agentVersion ?? "-", sidecars || "-"];
}

function renderServices({ services }: MeshStatus): string {
  if (services.length === 0) return "No services.\n";
  return renderTable(
    ["SERVICE", "PROTOCOL", "PORTS", "INSTANCES", "HEALTHY", "POLICY"],
    services.map(({ service, protocol, ports, instances, passing, policyVersion }) => [
      service,
      protocol,
      ports.join(", "),
      String(instances),
      String(passing),
      // An agent of an earlier version does not say.
      policyVersion > 0 ? `version ${policyVersion}` : "-",
    ]),
  );
}

const WORKLOAD_COLUMNS = [
  "SERVICE",
  "CONTAINER",
  "VERSION",
  "HEALTH",
  "SIDECAR",
  "MTLS",
  "INTERCEPT",
  "REQUESTS",
  "CERTIFICATE",
  "RSS",
] as const;

function renderWorkloads({ workloads }: MeshStatus, now: number): string {
  if (workloads.length === 0) return "No workloads on this node.\n";
  return renderTable(
    WORKLOAD_COLUMNS,
    workloads.map((workload) => [
      workload.service,
      workload.container,
      workload.version ?? "-",
      workload.health,
      workload.sidecar,
      workload.mtls,
      workload.intercept,
      renderRequests(workload.requests),
      renderExpiry(workload, now),
      renderBytes(workload.sidecarResidentBytes),
    ]),
  );
}

function renderProblems({ problems }: MeshStatus): string {
  if (problems.length === 0) return "No problems.\n";
  return renderTable(
    ["SUBJECT", "CODE", "MESSAGE"],
    problems.map(({ subject, code, message }) => [subject, code, message]),
  );
}

function renderRequests(counts: RequestCounts): string {
  const received = counts.inboundTls + counts.inboundPlaintext;
  const plaintext = counts.inboundPlaintext === 0 ? "" : ` (${counts.inboundPlaintext} plaintext)`;
  const failed = counts.outboundFailed === 0 ? "" : ` (${counts.outboundFailed} failed)`;
  return `${received} in${plaintext}, ${counts.outbound} out${failed}`;
}

function renderExpiry({ certificateExpiresAt }: WorkloadStatus, now: number): string {
  if (certificateExpiresAt === undefined) return "none";
  const left = certificateExpiresAt - now;
  return left > 0 ? `expires in ${coarseDuration(left)}` : `expired ${coarseDuration(-left)} ago`;
}

/** In MiB, as `docker stats` shows memory. */
function renderBytes(bytes: number | undefined): string {
  return bytes === undefined ? "-" : `${(bytes / 2 ** 20).toFixed(1)}MiB`;
}
