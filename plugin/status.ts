// What the agent knows of its node at one moment, in the shape that `docker mesh status`, the API and the console show.
// Only types: the agent fills it (agent side), commands and API render it.
import type { Health, Protocol } from "../mesh/model.ts";
import type { TimesSummary } from "../proxy/configuration/snapshot.ts";

export interface MeshStatus {
  readonly agent: AgentStatus;
  /** Every node that has an agent or should have one, as far as this one knows. Sorted. */
  readonly nodes: readonly NodeStatus[];
  readonly services: readonly ServiceStatus[];
  readonly workloads: readonly WorkloadStatus[];
  /** Every problem known on this node, the most recent state only. Sorted by subject. */
  readonly problems: readonly Problem[];
}

export interface AgentStatus {
  readonly version: string;
  readonly node: string;
  readonly engineVersion: string;
  readonly catalog: "consul" | "embedded";
  readonly catalogReachable: boolean;
  readonly trustDomain: string | undefined;
  /** Wall clock, ms. */
  readonly startedAt: number;
}

/** One node of the mesh as another one sees it. */
export interface NodeStatus {
  readonly node: string;
  /** Undefined where the agent tells none, as agents before 0.1.0 do, or where there is none. */
  readonly agentVersion: string | undefined;
  /** Those of its sidecars, each once; `""` for sidecars that were made before they had one. */
  readonly sidecarVersions: readonly string[];
  /**
   * `silent`: it has announced itself, but not for 30 s. `lost`: Consul hears nothing of the node. `absent`: Swarm runs none
   * there, though it should; only managers know. `unknown`: it tells nothing of itself.
   */
  readonly agent: "ready" | "silent" | "lost" | "absent" | "unknown";
}

/** One service of the catalog, over all nodes. */
export interface ServiceStatus {
  readonly service: string;
  readonly protocol: Protocol;
  readonly ports: readonly number[];
  readonly instances: number;
  readonly passing: number;
  /** Of the policy that people have set for it; 0 for none. */
  readonly policyVersion: number;
}

/** One labelled container of this node. */
export interface WorkloadStatus {
  readonly service: string;
  readonly container: string;
  readonly containerId: string;
  readonly version: string | undefined;
  readonly health: Health | "starting";
  readonly sidecar: "starting" | "ready" | "failing" | "absent";
  readonly mtls: "strict" | "permissive";
  readonly intercept: "on" | "off";
  /** Whom its application may call outside: anybody, nobody, or whom `mesh.egress` lists. */
  readonly egress: "allow" | "deny" | "list";
  /** The SPIFFE id its sidecar presents, once it has one. */
  readonly identity: string | undefined;
  /** Wall clock, ms. */
  readonly certificateExpiresAt: number | undefined;
  readonly requests: RequestCounts;
  /** Resident set size of the sidecar, bytes. */
  readonly sidecarResidentBytes: number | undefined;
}

export interface RequestCounts {
  readonly inboundTls: number;
  readonly inboundPlaintext: number;
  readonly outbound: number;
  readonly outboundFailed: number;
  /** Requests that the sidecar answered itself or refused, by code (docs/errors.md). */
  readonly failures: Readonly<Record<string, number>>;
  /** Requests that `audit` let through although they would have been refused. */
  readonly auditedDenials: number;
  /** Connections that the sidecar has accepted and that are open now, idle ones too. */
  readonly connections: number;
  /** Peers refused for their certificate, and links ended because the peer broke their protocol. */
  readonly refusedPeers: number;
  readonly linkViolations: number;
  readonly inboundTimes: TimesSummary;
  readonly outboundTimes: TimesSummary;
}

export interface Problem {
  /** What it is about: a container name, a service name, `consul`, `engine`. */
  readonly subject: string;
  /** A stable code, see docs/errors.md. */
  readonly code: string;
  /** What is wrong, what was expected, what to do; one sentence or two. */
  readonly message: string;
}
