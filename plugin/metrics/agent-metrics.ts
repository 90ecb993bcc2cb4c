// How the node's workloads and their endpoints are at this moment, as gauges. Pure.
import { CALL_LIMITS } from "../../proxy/configuration/calls-report.ts";
import type { EndpointState } from "../../proxy/configuration/snapshot.ts";
import type { LocalWorkload } from "../reconcile/reconciler.ts";
import type { MeshStatus, WorkloadStatus } from "../status.ts";
import type { Family, Sample } from "./exposition.ts";

const STATES: readonly EndpointState[] = ["healthy", "ejected", "probing", "recovering"];
const SIDECAR_STATES: readonly WorkloadStatus["sidecar"][] = [
  ...(["ready", "starting", "failing", "absent"] as const),
];

/** Endpoints of which it is told how each one is. */
const MOST_CIRCUITS = 500;
const BREAKER_LIMITS = CALL_LIMITS.filter((limit) => limit !== "retry-budget");

type Reporting = Pick<LocalWorkload, "workload" | "sidecar">;

export function agentMetrics(
  { agent, workloads, problems }: MeshStatus,
  local: readonly Reporting[],
): readonly Family[] {
  return [
    {
      name: "mesh_agent_info",
      help: "1; its labels say which agent this is.",
      type: "gauge",
      samples: [{ labels: { node: agent.node, version: agent.version }, value: 1 }],
    },
    {
      name: "mesh_catalog_reachable",
      help: "Whether the catalog answers: 1 or 0.",
      type: "gauge",
      samples: [{ labels: {}, value: Number(agent.catalogReachable) }],
    },
    {
      name: "mesh_problems",
      help: "Problems that `docker mesh status` shows.",
      type: "gauge",
      samples: countedBy(problems, ({ code }) => ({ code })),
    },
    {
      name: "mesh_sidecars",
      help: "Workloads of this node by the state of their sidecar.",
      type: "gauge",
      samples: services(workloads).flatMap((service) =>
        SIDECAR_STATES.map((state) => ({
          labels: { service, state },
          value: workloads.filter((each) => each.service === service && each.sidecar === state)
            .length,
        })),
      ),
    },
    {
      name: "mesh_certificate_expiry_timestamp_seconds",
      help: "When the certificate in use ends, in seconds since 1970.",
      type: "gauge",
      samples: expiries(workloads),
    },
    {
      name: "mesh_endpoints",
      help: "Endpoints by their state as callers of this node see them, summed over the caller's copies.",
      type: "gauge",
      samples: endpointStates(local),
    },
    {
      name: "mesh_endpoint_circuit",
      help: `A caller's copies that see an endpoint otherwise than healthy, for at most ${MOST_CIRCUITS} endpoints and callers.`,
      type: "gauge",
      samples: circuits(local),
    },
    {
      name: "mesh_breaker_open",
      help: "A caller's copies that have reached a limit of the callee's policy at this moment.",
      type: "gauge",
      samples: breakers(local),
    },
    {
      name: "mesh_connections",
      help: "Connections that sidecars have accepted and that are open, of callers and of the application.",
      type: "gauge",
      samples: connections(workloads),
    },
  ];
}

function services(workloads: readonly WorkloadStatus[]): readonly string[] {
  return [...new Set(workloads.map(({ service }) => service))].sort();
}

function expiries(workloads: readonly WorkloadStatus[]): Sample[] {
  return services(workloads).flatMap((service) => {
    const own = workloads.filter((each) => each.service === service);
    const times = own.flatMap(({ certificateExpiresAt: time }) =>
      time === undefined ? [] : [time],
    );
    const value = Math.min(...times) / 1_000;
    return times.length === 0 ? [] : [{ labels: { service }, value }];
  });
}

function endpointStates(local: readonly Reporting[]): Sample[] {
  const seen = local.flatMap(({ workload, sidecar }) =>
    (sidecar?.report?.endpoints ?? []).map(({ service, state }) => ({
      source_workload: workload.service,
      destination_service_name: service,
      state,
    })),
  );
  const pairs = Map.groupBy(seen, (each) =>
    JSON.stringify([each.source_workload, each.destination_service_name]),
  );
  return [...pairs.values()].flatMap((all) =>
    STATES.map((state) => ({
      labels: { ...all[0], state },
      value: all.filter((each) => each.state === state).length,
    })),
  );
}

function circuits(local: readonly Reporting[]): Sample[] {
  const seen = local.flatMap(({ workload, sidecar }) =>
    (sidecar?.report?.endpoints ?? [])
      .filter(({ state }) => state !== "healthy")
      .map(({ service, id, state }) => ({
        ...{ source_workload: workload.service, destination_service_name: service },
        ...{ endpoint: id, state },
      })),
  );
  return countedBy(seen, (labels) => labels).slice(0, MOST_CIRCUITS);
}

/** Of all pairs, so that nothing has to be open for a series to be there. */
function breakers(local: readonly Reporting[]): Sample[] {
  const open = new Map<string, number>();
  for (const { workload, sidecar } of local) {
    const { endpoints = [], calls = [] } = sidecar?.report ?? {};
    for (const callee of new Set(endpoints.map(({ service }) => service))) {
      const reached = calls.find(({ service }) => service === callee)?.open ?? [];
      for (const limit of BREAKER_LIMITS) {
        const labels = { source_workload: workload.service, destination_service_name: callee };
        const key = JSON.stringify({ ...labels, limit });
        open.set(key, (open.get(key) ?? 0) + Number(reached.includes(limit)));
      }
    }
  }
  return [...open].map(([labels, value]) => ({
    labels: JSON.parse(labels) as Record<string, string>,
    value,
  }));
}

function connections(workloads: readonly WorkloadStatus[]): Sample[] {
  return services(workloads).map((service) => {
    const own = workloads.filter((each) => each.service === service);
    const value = own.reduce((sum, { requests }) => sum + requests.connections, 0);
    return { labels: { service }, value };
  });
}

function countedBy<T>(all: readonly T[], labelsOf: (each: T) => Record<string, string>): Sample[] {
  const groups = Map.groupBy(all, (each) => JSON.stringify(labelsOf(each)));
  return [...groups].map(([labels, { length }]) => ({
    labels: JSON.parse(labels) as Record<string, string>,
    value: length,
  }));
}
