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

/** One element of `/v1/health/service/<name>` and `/v1/health/connect/<name>`. */
export interface HealthEntry {
  readonly Node: { readonly Node: string };
  readonly Service: RegisteredService;
  /** The service's own checks and its node's. */
  readonly Checks: readonly HealthCheck[];
}

/** What `/v1/agent/self` says of the Consul we talk to. */
export interface AgentSelf {
  readonly Config: { readonly Datacenter: string; readonly Version: string };
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
