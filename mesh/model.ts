// The words of the mesh as types: what a service offers and which copies of it run. No behaviour lives here.
import type { PolicyDocument } from "./policy/document.ts";

/**
 * How bytes on a port are understood. `http`: the application speaks HTTP/1.1, callers that or HTTP/2 without asking
 * first. `http2`: HTTP/2 in the clear; `grpc` is the same by another name. `tcp` is opaque. `auto`: each connection tells.
 */
export type Protocol = (typeof PROTOCOLS)[number];

export const PROTOCOLS = ["http", "http2", "grpc", "tcp", "auto"] as const;

/** A port that a service offers to its callers. */
export interface ServicePort {
  /** Unique within the service; the port of `mesh.port` is named after its protocol. */
  readonly name: string;
  /** The port the application listens on, which is also the port callers dial. 1–65535. */
  readonly port: number;
  readonly protocol: Protocol;
}

/** A port of a workload together with where its sidecar accepts mutual TLS for it. */
export interface WorkloadPort extends ServicePort {
  readonly sidecarPort: number;
}

/** A workload's address on one Docker network. */
export interface NetworkAddress {
  /** The engine's id of the network: the only thing that tells whether two workloads share it. */
  readonly networkId: string;
  readonly networkName: string;
  readonly address: string;
}

/** `draining` takes no new requests but finishes what it has. */
export type Health = "passing" | "warning" | "critical" | "draining";

/** One running copy of a service as the catalog records it. Immutable; `id` is stable for the workload's life. */
export interface Instance {
  /** Unique in the whole catalog: `<service>-<first 12 of the container id>`. */
  readonly id: string;
  /** The name in the catalog: `<project>-<service>`, or what `mesh.service` says. */
  readonly service: string;
  /** The short name callers in the same project use, when there is one. */
  readonly alias: string | undefined;
  readonly project: string | undefined;
  readonly version: string | undefined;
  /** Share of the load beside the other copies; 1 to 1000. */
  readonly weight: number;
  /** What its labels say about policy. */
  readonly policy: PolicyDocument;
  /**
   * When its container was made, and its labels with it, wall clock in ms: of copies that say different things about policy
   * the youngest is right. A restart makes nothing younger.
   */
  readonly createdAt: number;
  /** The engine's node name. */
  readonly node: string;
  readonly containerId: string;
  readonly containerName: string;
  /** At least one; the first is the service's main port. */
  readonly ports: readonly WorkloadPort[];
  /** At least one; the first is what Consul shows as the service's address. */
  readonly networks: readonly NetworkAddress[];
}
