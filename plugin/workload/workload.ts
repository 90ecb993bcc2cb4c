// A labelled container, understood: what it offers, whom it calls and how it is guarded. Immutable; made by `understand`.
import type { NetworkAddress, ServicePort, WorkloadPort } from "../../mesh/model.ts";
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import type { GatewayPorts } from "../../proxy/configuration/gateway.ts";
import type { ApplicationCheck } from "../../proxy/configuration/snapshot.ts";
import type { Confinement } from "../docker/egress-rules.ts";
import type { RedirectedPort } from "../docker/interception-rules.ts";

export interface Workload {
  readonly containerId: string;
  readonly containerName: string;
  /** The engine's own text; labels are as old as this. */
  readonly createdAt: string;
  /** The engine's own text; another start is another network namespace. */
  readonly startedAt: string;
  readonly hostsPath: string;
  /** Id in the catalog. */
  readonly instanceId: string;
  /** Name in the catalog. */
  readonly service: string;
  /** Short name within the project. */
  readonly alias: string | undefined;
  readonly project: string | undefined;
  readonly version: string | undefined;
  readonly ports: readonly WorkloadPort[];
  /** Ports whose plaintext is led to the sidecar. */
  readonly redirected: readonly RedirectedPort[];
  /** At least one; the preferred network first. */
  readonly networks: readonly NetworkAddress[];
  readonly mtls: "strict" | "permissive";
  readonly intercept: "on" | "off";
  /** Whom it may call outside its networks; `allow`: anybody. */
  readonly egress: "allow" | Confinement;
  /** Who makes its sidecar: the agent, or its user by a container of the compose file. */
  readonly sidecar: "agent" | "explicit";
  /** Services it may call, as written; undefined: every service on a shared network. */
  readonly upstreams: readonly string[] | undefined;
  readonly check: ApplicationCheck;
  /** Whether others may call it: not what `docker compose run` starts, which has its service's labels for a task of its own. */
  readonly offered: boolean;
  /** Share of the load beside the other copies; 1 to 1000. */
  readonly weight: number;
  /** What its labels say about policy. */
  readonly policy: PolicyDocument;
  /** Of a gateway; undefined for all others. */
  readonly gateway?: GatewayWorkload | undefined;
}

/** What is said about a gateway beside it. */
export interface GatewayWorkload {
  readonly ports: GatewayPorts;
  readonly trustedProxies: readonly string[];
}

/** What callers need to know to dial a service of which no instance may be running. */
export interface KnownService {
  readonly service: string;
  readonly alias: string | undefined;
  readonly project: string | undefined;
  readonly ports: readonly ServicePort[];
  readonly networkIds: readonly string[];
}
