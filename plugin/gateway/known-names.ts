// The names that people may mean: those of services, and of this node's gateways, which are no services of the catalog.
import type { KnownNames } from "../policy/service-names.ts";
import type { Workload } from "../workload/workload.ts";

export function withGateways(
  services: KnownNames,
  local: readonly { readonly workload: Pick<Workload, "service" | "gateway"> }[],
): KnownNames {
  const gateways = local.filter(({ workload }) => workload.gateway !== undefined);
  if (gateways.length === 0) return services;
  const names = new Set(gateways.map(({ workload }) => workload.service));
  return [...services, ...[...names].map((service) => ({ service, aliases: [] }))];
}
