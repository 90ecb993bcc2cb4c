// How the sidecars of this node have called services, besides the requests themselves: retries, ejections, limits in the way.
// Added up over a caller's copies, bounded and forgotten as request-metrics.ts does it.
import {
  CALL_LIMITS,
  type CallLimit,
  type CallsReport,
} from "../../proxy/configuration/calls-report.ts";
import type { Family, Labels, Sample } from "./exposition.ts";
import type { ReportingWorkload } from "./request-labels.ts";
import { FORGOTTEN_AFTER } from "./request-metrics.ts";

/** Pairs of caller and callee that are kept at most. */
const MOST = 5_000;

interface Pair {
  readonly labels: Labels;
  retries: number;
  ejections: number;
  readonly overflows: Record<CallLimit, number>;
  /** Monotonic, ms. */
  heardAt: number;
}

export class CallMetrics {
  readonly #pairs = new Map<string, Pair>();

  /** Adds what one sidecar has counted. `now`: monotonic, ms. */
  add(
    { service }: Pick<ReportingWorkload, "service">,
    calls: readonly CallsReport[],
    now: number,
  ): void {
    for (const report of calls) {
      const pair = this.#find(service, report.service);
      if (pair === undefined) continue;
      pair.heardAt = now;
      pair.retries += report.retries;
      pair.ejections += report.ejections;
      for (const limit of CALL_LIMITS) pair.overflows[limit] += report.overflows[limit] ?? 0;
    }
  }

  /** All of it. Forgets what has not been heard of for long. */
  families(now: number): readonly Family[] {
    for (const [key, { heardAt }] of this.#pairs)
      if (now - heardAt > FORGOTTEN_AFTER) this.#pairs.delete(key);
    const pairs = [...this.#pairs.values()];
    return [
      {
        name: "mesh_retries_total",
        help: "Tries of requests beyond their first, by the caller's sidecars.",
        type: "counter",
        samples: pairs.map(({ labels, retries: value }) => ({ labels, value })),
      },
      {
        name: "mesh_ejections_total",
        help: "Endpoints that a caller's sidecars have ejected, each as often as each of them did.",
        type: "counter",
        samples: pairs.map(({ labels, ejections: value }) => ({ labels, value })),
      },
      {
        name: "mesh_breaker_overflows_total",
        help: "Requests, connections and retries that a limit of the callee's policy has kept back at its callers.",
        type: "counter",
        samples: pairs.flatMap(overflowSamples),
      },
    ];
  }

  #find(caller: string, callee: string): Pair | undefined {
    const key = JSON.stringify([caller, callee]);
    const known = this.#pairs.get(key);
    if (known !== undefined || this.#pairs.size >= MOST) return known;
    const pair = {
      labels: { source_workload: caller, destination_service_name: callee },
      ...{ retries: 0, ejections: 0, heardAt: 0 },
      overflows: { connections: 0, pending: 0, requests: 0, retries: 0, "retry-budget": 0 },
    };
    this.#pairs.set(key, pair);
    return pair;
  }
}

function overflowSamples({ labels, overflows }: Pair): Sample[] {
  return CALL_LIMITS.map((limit) => ({ labels: { ...labels, limit }, value: overflows[limit] }));
}
