// A sidecar as its agent meets it: it holds the stream, reports as often and as much as a real one, and keeps account of
// what it was sent. It carries no traffic.
import { setTimeout as sleep } from "node:timers/promises";
import {
  type AgentAddress,
  readSnapshotLines,
  sendReport,
} from "../../proxy/configuration/agent-channel.ts";
import {
  type EndpointReport,
  REPORT_INTERVAL,
  type SidecarReport,
  type Snapshot,
} from "../../proxy/configuration/snapshot.ts";
import { SnapshotAssembly } from "../../proxy/configuration/snapshot-changes.ts";

/** As a real one gathers changes into one report, ms. */
const COALESCE = 5;
const NO_TIMES = { count: 0, p50: 0, p99: 0 } as const;
const COUNTERS: SidecarReport["counters"] = {
  ...{ inboundTls: 0, inboundPlaintext: 0, outbound: {}, outboundFailed: 0, retries: 0 },
  ...{ refusedPeers: 0, auditedDenials: 0, connections: 0, linkViolations: 0, failures: {} },
  ...{ inboundTimes: NO_TIMES, outboundTimes: NO_TIMES },
};

/** What came to one sidecar at one moment. */
export interface Arrival {
  readonly sidecar: SimulatedSidecar;
  /** performance.now(), ms. */
  readonly at: number;
  readonly bytes: number;
  readonly snapshot: Snapshot;
}

export class SimulatedSidecar {
  /** The service of its workload, by number. */
  readonly service: number;
  snapshot: Snapshot | undefined;
  /** Undefined until it runs. */
  token: string | undefined;
  /** Snapshots and bytes, since the sidecar started. */
  readonly received: { lines: number; bytes: number } = { lines: 0, bytes: 0 };
  readonly #assembly = new SnapshotAssembly();
  readonly #onArrival: (arrival: Arrival) => void;
  #reportDue = Promise.withResolvers<void>();

  constructor(service: number, onArrival: (arrival: Arrival) => void) {
    this.service = service;
    this.#onArrival = onArrival;
  }

  /** Until the signal aborts. */
  async run(agent: AgentAddress, signal: AbortSignal): Promise<void> {
    this.token = agent.token;
    await Promise.all([this.#follow(agent, signal), this.#report(agent, signal)]);
  }

  /** Whether it may call this instance now. */
  knows(instanceId: string): boolean {
    const services = this.snapshot?.outbound ?? [];
    return services.some(({ ports }) =>
      ports.some(({ endpoints }) => endpoints.some(({ id }) => id === instanceId)),
    );
  }

  async #follow(agent: AgentAddress, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const line of readSnapshotLines(agent, signal)) this.#receive(line);
      } catch {
        await sleep(50, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #receive(line: string): void {
    const at = performance.now();
    const snapshot = this.#assembly.take(line) as Snapshot;
    this.snapshot = snapshot;
    this.received.lines += 1;
    this.received.bytes += line.length + 1;
    this.#onArrival({ sidecar: this, at, bytes: line.length + 1, snapshot });
    this.#reportDue.resolve();
  }

  async #report(agent: AgentAddress, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const silence = sleep(REPORT_INTERVAL, undefined, { signal, ref: false });
      await Promise.race([this.#reportDue.promise, silence]).catch(() => undefined);
      this.#reportDue = Promise.withResolvers();
      await sleep(COALESCE, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await sendReport(agent, this.#compose(), signal).catch(() => undefined);
    }
  }

  #compose(): SidecarReport {
    const { snapshot } = this;
    return {
      ...{ version: snapshot?.version, ready: snapshot !== undefined, problems: [] },
      ...{ application: "passing", applicationNote: "", counters: COUNTERS },
      endpoints: snapshot === undefined ? [] : endpointReports(snapshot),
      residentBytes: 50_000_000,
    };
  }
}

function endpointReports({ outbound }: Snapshot): EndpointReport[] {
  return outbound.flatMap(({ service, ports }) =>
    ports.flatMap(({ port, endpoints }) =>
      endpoints.map(
        ({ id }): EndpointReport => ({
          ...{ service, port, id, state: "healthy", reason: "", since: 0, share: 100 },
          ...{ ejections: 0, activeRequests: 0, latency: 0 },
        }),
      ),
    ),
  );
}
