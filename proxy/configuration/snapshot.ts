// The contract between agent and sidecar: everything one sidecar needs, whole, immutable and versioned, and what a
// sidecar reports back. The agent writes snapshots; the sidecar only reads them. Both sides import this file.
import type { Protocol } from "../../mesh/model.ts";
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import type { CallsReport } from "./calls-report.ts";
import type { Gateway } from "./gateway.ts";
import type { Observation } from "./observed-request.ts";
import type { ConversationReport } from "./traffic-report.ts";

/** The whole configuration of one sidecar. A sidecar swaps to it in one step or keeps the one it has. */
export interface Snapshot {
  /** Hash of the content: equal versions are equal snapshots. */
  readonly version: string;
  /** The catalog name of the service this sidecar stands beside, and its workload's instance id. */
  readonly service: string;
  readonly instanceId: string;
  readonly certificates: Certificates;
  readonly inbound: readonly InboundPort[];
  /** Of the own service: who may call it, how it is asked whether it works, how much it takes. */
  readonly policy: PolicyDocument;
  readonly intentions: OwnIntentions;
  /** The public keys of `jwt.jwks` (RFC 7517) as JSON; undefined without, and while there are none yet. */
  readonly jwks: string | undefined;
  readonly outbound: readonly OutboundService[];
  /** Of a gateway: what clients outside the mesh find; undefined for all others. */
  readonly gateway?: Gateway | undefined;
  /** Listed hosts outside the mesh's networks, `[]` for none; undefined: whom the application calls there is its own affair. */
  readonly egress?: readonly OutsideHost[] | undefined;
  /** True from the workload's stop signal on: finish what is in flight, tell callers to go elsewhere, keep outbound open. */
  readonly draining: boolean;
  /** What is wanted of single requests; undefined: nothing. */
  readonly observation?: Observation | undefined;
}

/**
 * What has become of the snapshot before it on the stream, for sidecars that ask for changes. Lines without `base` are
 * whole {@link Snapshot}s: the first of each stream, and any other where the agent so chooses.
 */
export interface SnapshotChange {
  /** The version that this is a change of, always that of the line before. */
  readonly base: string;
  readonly version: string;
  /** Those of the snapshot's other fields that are otherwise now. */
  readonly fields: Partial<Omit<Snapshot, "version" | "outbound">>;
  /** Services that are new or otherwise now, each whole. */
  readonly changed: readonly OutboundService[];
  /** All services by their catalog names, in order; absent where they are those of before. */
  readonly services?: readonly string[];
}

export interface Certificates {
  /** PEM, leaf first. */
  readonly certificateChain: string;
  readonly privateKey: string;
  /** The SPIFFE id this sidecar presents. */
  readonly uri: string;
  /** PEM. A peer must chain to one of these. */
  readonly roots: readonly string[];
  /** A peer's SPIFFE id must be of this trust domain. */
  readonly trustDomain: string;
  /** Wall clock, ms. */
  readonly notAfter: number;
}

/** The intentions whose destination the own service is, most exact first, so that the first that fits decides. */
export interface OwnIntentions {
  readonly defaultAction: "allow" | "deny";
  readonly list: readonly OwnIntention[];
}

export interface OwnIntention {
  /** The catalog name of the caller, or `*`. */
  readonly source: string;
  readonly action: "allow" | "deny" | undefined;
  /** Fields of a route's match (`path`, `path-prefix`, `path-regex`, `methods`, `headers`) by name. */
  readonly permissions: readonly {
    readonly action: "allow" | "deny";
    readonly match: PolicyDocument;
  }[];
}

/** A port of the application and the listeners that stand before it. */
export interface InboundPort {
  readonly name: string;
  readonly protocol: Protocol;
  /** Where the application listens, on 127.0.0.1. */
  readonly applicationPort: number;
  /** Mutual TLS from other sidecars, on all addresses. */
  readonly tlsPort: number;
  /** Redirected plaintext from outside the mesh, accepted without identity; absent under `mesh.mtls: strict` and without interception. */
  readonly plaintextPort: number | undefined;
  readonly check: ApplicationCheck;
}

/** How the sidecar asks whether the application works; `none` counts as passing. */
export type ApplicationCheck =
  | { readonly kind: "none" }
  | { readonly kind: "tcp" }
  /** The standard health service; `service` may be empty. */
  | { readonly kind: "grpc"; readonly service: string }
  | { readonly kind: "http"; readonly path: string };

/** A service this workload may call. */
export interface OutboundService {
  /** The catalog name, e.g. `shop-orders`. */
  readonly service: string;
  /**
   * Names written to the namespace's hosts file, all pointing to `address`. Empty for a service that is only reached by
   * way of another one's policy (a route, a failover, a mirror).
   */
  readonly names: readonly string[];
  /** A loopback address of 127.64.0.0/10 that stands for the service in this namespace. */
  readonly address: string;
  /** The SPIFFE id its sidecars must present. */
  readonly uri: string;
  /** Every field of its policy that concerns callers, defaults included; services in it by their catalog names. */
  readonly policy: PolicyDocument;
  readonly ports: readonly OutboundPort[];
}

export interface OutboundPort {
  /** The port callers dial. */
  readonly port: number;
  /**
   * The port to listen on at the service's address. Not `port` under interception: an application that listens on
   * 0.0.0.0:8080 would forbid any other listener on 8080 in its namespace, so a redirect moves the destination port.
   */
  readonly listenPort: number;
  readonly protocol: Protocol;
  /** Healthy endpoints on a network shared with this workload, sorted by id. Empty: answer 503 or refuse. */
  readonly endpoints: readonly Endpoint[];
}

export interface Endpoint {
  /** The instance id. */
  readonly id: string;
  readonly address: string;
  /** The sidecar's mutual TLS port. */
  readonly port: number;
  readonly version: string | undefined;
  /** 1 to 1000. */
  readonly weight: number;
  /** Whether it runs on this sidecar's own node. */
  readonly sameNode: boolean;
}

/** A host outside that may be called on one port, by TLS or HTTP. */
export interface OutsideHost {
  /** In lower case; with `*.` at its beginning, every name that ends in what follows. */
  readonly name: string;
  readonly port: number;
  /** Where to listen for connections to that port of whatever address. */
  readonly listen: { readonly address: string; readonly port: number };
}

/** What a sidecar tells its agent after each change, and at least every {@link REPORT_INTERVAL}. */
export interface SidecarReport {
  /** The version in force; undefined before the first. */
  readonly version: string | undefined;
  /** True when every inbound listener of the snapshot in force is open; an outbound one that is not is a problem. */
  readonly ready: boolean;
  /** What could not be done, each a sentence for people (a port in use, a hosts file that cannot be written). */
  readonly problems: readonly string[];
  /** What the probe of the application says; `starting` before the first answer. */
  readonly application: "starting" | "passing" | "critical";
  readonly applicationNote: string;
  /** Since the sidecar started. */
  readonly counters: SidecarCounters;
  /** Since the last report that arrived; undefined from sidecars before 0.2. */
  readonly traffic?: readonly ConversationReport[] | undefined;
  /** Of services about which there has been something to tell; undefined without any, and from sidecars before 0.2. */
  readonly calls?: readonly CallsReport[] | undefined;
  /** How the endpoints of the services it calls are, as it sees them; those it has never looked at included. */
  readonly endpoints: readonly EndpointReport[];
  /** Resident set size of the sidecar process, bytes. */
  readonly residentBytes: number;
}

/** `recovering`: back with a growing share of the load. */
export type EndpointState = "healthy" | "ejected" | "probing" | "recovering";

/** One endpoint as one caller's sidecar sees it. */
export interface EndpointReport {
  /** The catalog name, and the port callers dial. */
  readonly service: string;
  readonly port: number;
  /** The instance id. */
  readonly id: string;
  readonly state: EndpointState;
  /** Why, for people: "5 answers of 5xx in a row"; empty while healthy. */
  readonly reason: string;
  /** Wall clock, ms, of the last change of state; 0 before any. */
  readonly since: number;
  /** Percent of its usual load that it gets. */
  readonly share: number;
  /** In a row, growing with each relapse. */
  readonly ejections: number;
  readonly activeRequests: number;
  /** ms, the picker's own measure; 0 before the first answer. */
  readonly latency: number;
}

export interface SidecarCounters {
  /** Requests (http) and connections (tcp) that arrived over mutual TLS. */
  readonly inboundTls: number;
  /** The same in plaintext from outside the mesh. */
  readonly inboundPlaintext: number;
  /** Requests and connections from the application, by catalog name of the callee. */
  readonly outbound: Readonly<Record<string, number>>;
  /** Outbound ones that ended in an error made by the mesh. */
  readonly outboundFailed: number;
  /** Outbound requests that were sent once more after an application may have seen them, each as often as that was done. */
  readonly retries: number;
  /** Peers refused for their certificate or identity. */
  readonly refusedPeers: number;
  /** What would have been refused without audit, and was only reported. */
  readonly auditedDenials: number;
  /** Connections that the sidecar has accepted and that are open now, idle ones too. */
  readonly connections: number;
  /** Links that ended because the peer broke their protocol. */
  readonly linkViolations: number;
  /** Requests that the mesh answered itself or refused, by code (docs/errors.md), both directions. */
  readonly failures: Readonly<Record<string, number>>;
  readonly inboundTimes: TimesSummary;
  readonly outboundTimes: TimesSummary;
}

/** How long requests took from their head to the end of their response, as this sidecar saw it. */
export interface TimesSummary {
  readonly count: number;
  /** ms, right to 13 %; 0 without requests. */
  readonly p50: number;
  readonly p99: number;
}

/** Longest silence between two reports, ms; three missed ones mean that the sidecar is gone. */
export const REPORT_INTERVAL = 5_000;

/**
 * Milliseconds that a sidecar with a successor has, from SIGTERM on, for what it has open: then byte streams and whatever
 * is still unfinished are cut.
 */
export const HAND_OVER_TIME = 60_000;

/**
 * Tells a sidecar, in place of SIGTERM, that its application goes on without it: names of services lead at once where they
 * did before the mesh, and what is in flight ends. With SIGTERM they stay, so that nothing goes past the mesh by accident.
 */
export const DETACH_SIGNAL = "SIGINT";

// The transport: HTTP/1.1 on a unix socket, `Authorization: Bearer <token>` on each request.

/** `GET`: newline-delimited JSON that never ends, a {@link Snapshot} a line, the current one first. */
export const SNAPSHOTS_PATH = "/v1/sidecar/snapshots";
/** In `Accept`: lines after the first may be a {@link SnapshotChange}. Agents before 0.2 do not know it and send snapshots. */
export const CHANGES_TYPE = "application/vnd.docker-mesh.changes+x-ndjson";
/** `POST` of one {@link SidecarReport} as JSON; answers 204. */
export const REPORT_PATH = "/v1/sidecar/report";

/** Environment of the sidecar container. */
export const SIDECAR_ENVIRONMENT = {
  /** Path of the agent's unix socket. */
  socket: "MESH_AGENT_SOCKET",
  /** The bearer token of this one sidecar. */
  token: "MESH_SIDECAR_TOKEN",
  /** Path of the application's hosts file as mounted into the sidecar. */
  hosts: "MESH_HOSTS_FILE",
  /** `on`: another sidecar still listens at the same places, and will leave. */
  takesOver: "MESH_TAKES_OVER",
  /** debug, info, warn or error. */
  logLevel: "MESH_LOG_LEVEL",
  /** `off`: all other sidecars are spoken to as foreign ones are, in HTTP/1.1, so that the two can be compared. */
  links: "MESH_LINKS",
} as const;
