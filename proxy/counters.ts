// What a sidecar counts since it started.
import type { SidecarCounters } from "./configuration/snapshot.ts";

export class Counters {
  inboundTls = 0;
  inboundPlaintext = 0;
  outboundFailed = 0;
  refusedPeers = 0;
  readonly #outbound = new Map<string, number>();

  /** Counts a request or connection to a service. */
  countOutbound(service: string): void {
    this.#outbound.set(service, (this.#outbound.get(service) ?? 0) + 1);
  }

  /** The counts of this moment. */
  read(): SidecarCounters {
    return {
      inboundTls: this.inboundTls,
      inboundPlaintext: this.inboundPlaintext,
      outbound: Object.fromEntries(this.#outbound),
      outboundFailed: this.outboundFailed,
      refusedPeers: this.refusedPeers,
    };
  }
}
