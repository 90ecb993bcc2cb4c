// The parts of Consul's HTTP API that we read and write, in Consul's own spelling. Nothing here is ours to rename.
// Definitions hold only fields that 1.8 knows: Consul answers 400 to any field it does not know.

export interface CheckDefinition {
  readonly CheckID: string;
  readonly Name: string;
  /** A duration such as "30s". */
  readonly TTL: string;
  readonly Status: ConsulStatus;
  readonly DeregisterCriticalServiceAfter: string;
}

export type ConsulStatus = "passing" | "warning" | "critical";

/** The body of `PUT /v1/agent/service/register`. */
export interface ServiceDefinition {
  readonly Kind?: "connect-proxy";
  readonly ID: string;
  readonly Name: string;
  readonly Tags: readonly string[];
  readonly Address: string;
  readonly Port: number;
  readonly Meta: Readonly<Record<string, string>>;
  /** Of those that ask Consul's DNS. */
  readonly Weights?: { readonly Passing: number; readonly Warning: number };
  readonly Proxy?: ProxyDefinition;
  readonly Checks: readonly CheckDefinition[];
}

export interface ProxyDefinition {
  readonly DestinationServiceName: string;
  readonly DestinationServiceID: string;
  readonly LocalServiceAddress: string;
  readonly LocalServicePort: number;
}

/** A service as Consul gives it back, from the agent or within a health entry. */
export interface RegisteredService {
  readonly ID: string;
  readonly Service: string;
  readonly Address: string;
  readonly Meta: Readonly<Record<string, string>> | null;
  readonly Proxy?: { readonly DestinationServiceID?: string } | null;
}

export interface HealthCheck {
  readonly CheckID: string;
  readonly Status: string;
  readonly Output: string;
}

/** One element of `/v1/health/state/critical`. */
export interface CriticalCheck {
  readonly Node: string;
  readonly CheckID: string;
  /** Empty for a check of the node itself. */
  readonly ServiceName: string;
  readonly ModifyIndex: number;
}

/** One element of `/v1/health/service/<name>` and `/v1/health/connect/<name>`. */
export interface HealthEntry {
  readonly Node: { readonly Node: string; readonly Address: string };
  readonly Service: RegisteredService;
  /** The service's own checks and its node's. */
  readonly Checks: readonly HealthCheck[];
}

/** What `/v1/agent/self` says of the Consul we talk to. */
export interface AgentSelf {
  readonly Config: { readonly Datacenter: string; readonly Version: string };
  /** Its settings in force; their names are promised by nobody and differ from version to version. */
  readonly DebugConfig?: Readonly<Record<string, unknown>> | null;
}

/** One element of `/v1/kv/<key>`. */
export interface KeyValue {
  readonly Key: string;
  /** In base64; null when it is empty. */
  readonly Value: string | null;
  readonly ModifyIndex: number;
}

/** One element of the body of `PUT /v1/txn`. */
export interface TransactionOperation {
  readonly KV:
    | { readonly Verb: "cas"; readonly Key: string; readonly Value: string; readonly Index: number }
    | { readonly Verb: "set"; readonly Key: string; readonly Value: string }
    | { readonly Verb: "delete"; readonly Key: string }
    | { readonly Verb: "delete-cas"; readonly Key: string; readonly Index: number };
}

/** What `PUT /v1/txn` answers when it did all. */
export interface TransactionResult {
  readonly Results: readonly { readonly KV?: { readonly ModifyIndex: number } }[];
}

export interface ConnectRoots {
  readonly TrustDomain: string;
  readonly Roots: readonly { readonly RootCert: string }[];
}

export interface ConnectLeaf {
  /** Leaf first, then intermediates. */
  readonly CertPEM: string;
  readonly PrivateKeyPEM: string;
}

/**
 * One element of `/v1/connect/intentions`. Versions add fields that narrow what an intention speaks of, so that readers
 * must know all of them: hence the open end.
 */
export interface ConsulIntention extends Readonly<Record<string, unknown>> {
  readonly SourceName: string;
  readonly DestinationName: string;
}
