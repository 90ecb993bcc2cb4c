// What a policy says, ready to be followed: every field with its value, whatever the source. Types only; the table of
// fields with their names, defaults and limits is `fields.ts`. Times are ms, shares are percent, 0 turns a limit off where
// it says so.
import type { Matcher } from "./matcher.ts";

/** How one service is called, and by whom. Immutable. */
export interface Policy {
  readonly balance: BalancePolicy;
  readonly timeouts: TimeoutPolicy;
  readonly retries: RetryPolicy;
  readonly limits: LimitPolicy;
  readonly outlier: OutlierPolicy;
  readonly recovery: RecoveryPolicy;
  readonly check: CheckPolicy;
  readonly logs: LogPolicy;
  readonly traces: TracePolicy;
  /** Versions by weight for requests that no route decides about; empty: all versions alike. */
  readonly split: readonly WeightedVersion[];
  /** Services that stand in, in this order, while no endpoint of this one can be used. */
  readonly failover: readonly string[];
  /** In the order in which they are tried; the first that matches decides. */
  readonly routes: readonly RoutePolicy[];
  readonly access: AccessPolicy;
  /** What end users must present; undefined: nothing. */
  readonly jwt: JwtPolicy | undefined;
  readonly gateway: GatewayPolicy;
}

export const ALGORITHMS = [
  "peak-ewma",
  "least-request",
  "round-robin",
  "random",
  "ring-hash",
  "maglev",
] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export interface BalancePolicy {
  readonly algorithm: Algorithm;
  /** What ring hash and Maglev hash; a request without it goes anywhere. */
  readonly hashOn: HashSource;
  /** Endpoints compared by least request and peak EWMA; at least 2. */
  readonly choices: number;
  /** Over which peak EWMA forgets a latency. */
  readonly decay: number;
  /** The cookie that keeps a client on its endpoint; empty: none. */
  readonly stickyCookie: string;
  /** Whether endpoints on the caller's node are taken as long as one can be used. */
  readonly sameNode: boolean;
  /** With a smaller share of endpoints usable, ejections are disregarded; 0: never. */
  readonly panicThreshold: number;
  /** From a small weight to the full one for an endpoint that joins; 0: at once. */
  readonly slowStart: number;
  /** Envoy's: 1 is linear, more begins faster. */
  readonly slowStartAggression: number;
  readonly slowStartMinWeight: number;
}

export type HashSource =
  | { readonly kind: "header" | "cookie" | "query"; readonly name: string }
  | { readonly kind: "source" };

export interface TimeoutPolicy {
  /** For a TCP connection to an endpoint; TLS may then take twice as long. */
  readonly connect: number;
  /** From a try's beginning to its response's head; 0: none. */
  readonly perTry: number;
  /** From the request's head to the response's end, over all tries; 0: none. */
  readonly request: number;
  /** Without a byte in either direction; 0: none. */
  readonly idle: number;
}

/** Which requests get a line in the logs of the sidecars at both ends. */
export interface LogPolicy {
  /** `sampled`: what fails, and the share of the rest. */
  readonly requests: "off" | "errors" | "sampled" | "all";
  /** Percent. */
  readonly share: number;
}

/** Which requests become spans, where somebody collects them. */
export interface TracePolicy {
  /** Percent of those about whose traces nobody has decided. */
  readonly share: number;
  /** In which of Zipkin's forms the context goes on besides W3C's. */
  readonly b3: "off" | "single" | "multi";
}

/** Conditions of Envoy's `retry_on` by the names used there, where it has them. */
export const RETRY_CONDITIONS = [
  "connect-failure",
  "refused",
  "reset",
  "timeout",
  "gateway-error",
  "5xx",
  "retriable-4xx",
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
  "non-idempotent",
] as const;
export type RetryCondition = (typeof RETRY_CONDITIONS)[number];

export interface RetryPolicy {
  /** Tries beyond the first that an application may see; 0: none. */
  readonly attempts: number;
  readonly on: readonly RetryCondition[];
  /** Statuses that are retried besides. */
  readonly statuses: readonly number[];
  /** Waits are random between 0 and this, doubled with each try. */
  readonly backoff: number;
  readonly maxBackoff: number;
  /** Retries in percent of requests. */
  readonly budget: number;
  /** Retries a second that are allowed in any case. */
  readonly budgetMin: number;
}

export interface LimitPolicy {
  /** Of one caller's sidecar to the service: connections, requests that wait for one, requests in flight, retries in flight. 0: no limit. */
  readonly connections: number;
  readonly pending: number;
  readonly requests: number;
  readonly retries: number;
  /** Of the callee's sidecar: requests in flight to its application; 0: no limit. */
  readonly inboundRequests: number;
  /** Requests a second that the callee's sidecar lets in; 0: no limit. */
  readonly rate: number;
  /** The same for each caller. */
  readonly ratePerCaller: number;
  /** Requests above the rate at once; 0: as many as the rate allows in a second. */
  readonly burst: number;
}

export interface OutlierPolicy {
  /** Failures in a row that eject; 0: never. */
  readonly consecutive5xx: number;
  readonly consecutiveGatewayFailures: number;
  readonly consecutiveConnectFailures: number;
  readonly consecutiveTimeouts: number;
  /** Between two looks at rates. */
  readonly interval: number;
  /** Times the number of ejections in a row, up to the maximum. */
  readonly baseEjectionTime: number;
  readonly maxEjectionTime: number;
  /** Percent of the time that is added at random. */
  readonly ejectionJitter: number;
  readonly maxEjectionPercent: number;
  /** Standard deviations below the mean success rate; 0: off. */
  readonly successRateStdevFactor: number;
  readonly successRateMinimumHosts: number;
  readonly successRateRequestVolume: number;
  /** 0: off. */
  readonly failurePercentageThreshold: number;
  readonly failurePercentageMinimumHosts: number;
  readonly failurePercentageRequestVolume: number;
}

/** How an ejected endpoint returns. */
export interface RecoveryPolicy {
  /** Real requests in a row, one at a time, that must succeed first. */
  readonly probes: number;
  /** From the initial weight to the full one; 0: at once. */
  readonly ramp: number;
  readonly initialWeight: number;
}

/** How the callee's sidecar asks its application; what it asks is the label `mesh.check`. */
export interface CheckPolicy {
  readonly interval: number;
  readonly timeout: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
}

export interface WeightedVersion {
  readonly version: string;
  /** Percent; all of a split are 100. */
  readonly weight: number;
}

export interface RoutePolicy {
  readonly name: string;
  readonly match: RequestMatch;
  /** The service that is called instead; undefined: this one. */
  readonly service: string | undefined;
  readonly split: readonly WeightedVersion[];
  readonly failover: readonly string[];
  readonly mirror: Mirror | undefined;
  readonly fault: Fault;
  readonly redirect: Redirect | undefined;
  readonly rewrite: string | undefined;
  readonly requestHeaders: HeaderEdits;
  readonly responseHeaders: HeaderEdits;
  /** In place of the service's own; undefined: those. */
  readonly timeout: number | undefined;
  readonly perTryTimeout: number | undefined;
  readonly attempts: number | undefined;
  readonly retryOn: readonly RetryCondition[] | undefined;
}

/** All that are there must hold. Paths are compared without query, after they were normalised. */
export interface RequestMatch {
  readonly path: PathMatch | undefined;
  /** Upper case; empty: any. */
  readonly methods: readonly string[];
  readonly headers: readonly FieldMatch[];
  readonly query: readonly FieldMatch[];
}

export type PathMatch =
  | { readonly kind: "exact" | "prefix"; readonly text: string }
  | { readonly kind: "regex"; readonly matcher: Matcher };

/** `name` is in lower case for headers; for query parameters and claims its letter case counts. */
export interface FieldMatch {
  readonly name: string;
  readonly kind: "present" | "absent" | "exact" | "not" | "prefix" | "suffix" | "regex";
  /** Of `exact`, `not`, `prefix` and `suffix`. */
  readonly text: string;
  /** Of `regex`. */
  readonly matcher: Matcher | undefined;
}

export interface Mirror {
  readonly service: string | undefined;
  readonly version: string | undefined;
  readonly percent: number;
}

export interface Fault {
  readonly delay: number;
  readonly delayPercent: number;
  /** 0: none. */
  readonly abort: number;
  readonly abortPercent: number;
}

export interface Redirect {
  /** An absolute URL, or a path on the same host. */
  readonly location: string;
  readonly status: 301 | 302 | 303 | 307 | 308;
}

export interface HeaderEdits {
  readonly set: readonly HeaderLine[];
  readonly add: readonly HeaderLine[];
  /** Lower case. */
  readonly remove: readonly string[];
}

export interface HeaderLine {
  readonly name: string;
  readonly value: string;
}

export interface AccessPolicy {
  /** What happens to callers that no rule speaks of; with `allow` rules they are denied in any case. */
  readonly defaultAction: "allow" | "deny";
  /** Denials of rules and default are reported and not enforced. */
  readonly audit: boolean;
  /** Those of `allow` and `deny` among them. */
  readonly rules: readonly AccessRule[];
}

export interface AccessRule {
  /** `allow`, `deny`, or the name after `rule.`. */
  readonly name: string;
  readonly action: "allow" | "deny";
  readonly callers: readonly CallerMatch[];
  readonly match: RequestMatch;
  /** Of a verified token of the end user. */
  readonly claims: readonly FieldMatch[];
}

/**
 * `any` is everybody, `anonymous` callers without identity; `service` a catalog name or a short name within the callee's
 * project, `prefix` the names that begin so; `uri` a whole SPIFFE id.
 */
export type CallerMatch =
  | { readonly kind: "any" | "anonymous" }
  | { readonly kind: "service" | "prefix" | "uri"; readonly text: string };

export interface JwtPolicy {
  readonly issuer: string;
  /** One of them must be the token's; empty: any. */
  readonly audiences: readonly string[];
  /** `https://…`, `http://…` or `file:///…` as the agent reaches it. */
  readonly jwks: string;
  /** Whether a request without token is refused; a token that does not verify always is. */
  readonly required: boolean;
  readonly claims: readonly FieldMatch[];
}

/** How gateways publish the service to clients outside the mesh. */
export interface GatewayPolicy {
  /** Lower case, `*.` for one label; empty: not at all. */
  readonly hosts: readonly string[];
  /** It and all below it. */
  readonly path: string;
  /** `off`, `self-made`, or the name of a certificate that the agent was given. */
  readonly tls: string;
  /** Undefined: the first that speaks HTTP. */
  readonly port: number | undefined;
}
