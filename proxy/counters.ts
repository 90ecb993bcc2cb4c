// What a sidecar counts and times since it started. One writer; read whole for each report.
import type { SidecarCounters } from "./configuration/snapshot.ts";
import type { FailureCode } from "./failures.ts";
import { Histogram } from "./metrics/histogram.ts";

export class Counters {
  inboundTls = 0;
  inboundPlaintext = 0;
  outboundFailed = 0;
  /** Outbound requests that were sent once more. */
  retries = 0;
  refusedPeers = 0;
  auditedDenials = 0;
  /** Accepted and open at this moment. */
  connections = 0;
  /** Links that a peer broke the protocol of. */
  linkViolations = 0;
  readonly inboundTimes: Histogram = new Histogram();
  readonly outboundTimes: Histogram = new Histogram();
  readonly #outbound = new Map<string, number>();
  readonly #failures = new Map<FailureCode, number>();

  /** Counts a request or connection to a service. */
  countOutbound(service: string): void {
    this.#outbound.set(service, (this.#outbound.get(service) ?? 0) + 1);
  }

  /** Counts a request that the mesh answered itself, or refused. */
  countFailure(code: FailureCode): void {
    this.#failures.set(code, (this.#failures.get(code) ?? 0) + 1);
  }

  /** The counts of this moment. */
  read(): SidecarCounters {
    return {
      inboundTls: this.inboundTls,
      inboundPlaintext: this.inboundPlaintext,
      outbound: Object.fromEntries(this.#outbound),
      outboundFailed: this.outboundFailed,
      retries: this.retries,
      refusedPeers: this.refusedPeers,
      auditedDenials: this.auditedDenials,
      connections: this.connections,
      linkViolations: this.linkViolations,
      failures: Object.fromEntries(this.#failures),
      inboundTimes: summarize(this.inboundTimes),
      outboundTimes: summarize(this.outboundTimes),
    };
  }
}

function summarize(histogram: Histogram): SidecarCounters["inboundTimes"] {
  return {
    count: histogram.count,
    p50: histogram.quantile(0.5),
    p99: histogram.quantile(0.99),
  };
}
