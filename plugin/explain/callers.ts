// Whose application is meant by `docker mesh explain FROM …`, and what its sidecar has. Pure.
import { MeshError } from "../../mesh/errors.ts";
import type { Instance } from "../../mesh/model.ts";
import { nearestName } from "../../mesh/nearest.ts";
import { quote } from "../../mesh/printable.ts";
import type { LocalWorkload } from "../reconcile/reconciler.ts";
import type { Directory } from "../sidecars/directory.ts";
import type { Workload } from "../workload/workload.ts";

/** A caller as far as it is known here. */
export interface FoundCaller {
  /** Of one on another node as much as the catalog says of it; the rest is as by default. */
  readonly workload: Workload;
  readonly node: string;
  /** Undefined for one on another node. */
  readonly local: LocalWorkload | undefined;
}

/** Copies on this node go first, those that are well before others. Throws SERVICE_UNKNOWN. */
export function findCaller(
  name: string,
  node: string,
  workloads: readonly LocalWorkload[],
  { services }: Pick<Directory, "services">,
): FoundCaller {
  const here = workloads.filter(({ workload }) => isCalled(workload, name));
  const [local] = here.toSorted((a, b) => Number(isWell(b)) - Number(isWell(a)));
  const elsewhere = services
    .flatMap(({ entries }) => entries.map(({ instance }) => instance))
    .filter((instance) => isCalled(instance, name));
  refuseSeveral(name, [...here.map(({ workload }) => workload), ...elsewhere]);
  if (local !== undefined) return { workload: local.workload, node, local };
  const [remote] = elsewhere;
  if (remote !== undefined)
    return { workload: assumed(remote), node: remote.node, local: undefined };
  throw unknown(name, [
    ...workloads.map(({ workload }) => workload),
    ...services.flatMap(({ entries }) => entries.map(({ instance }) => instance)),
  ]);
}

type Named = Pick<Instance, "service" | "alias" | "containerName">;

function isCalled({ service, alias, containerName }: Named, name: string): boolean {
  return service === name || alias === name || containerName === name;
}

function isWell({ health, sidecar }: LocalWorkload): boolean {
  return health === "passing" && sidecar?.report?.ready === true;
}

function refuseSeveral(name: string, found: readonly Named[]): void {
  const services = [...new Set(found.map(({ service }) => service))].sort();
  if (services.length < 2 || services.includes(name)) return;
  throw new MeshError(
    "SERVICE_UNKNOWN",
    `several services are called ${quote(name)}: say which of ${services.join(", ")}`,
  );
}

function unknown(name: string, known: readonly Named[]): MeshError {
  const names = known.flatMap(({ service, alias, containerName }) => [
    ...[service, containerName],
    ...(alias === undefined ? [] : [alias]),
  ]);
  const nearest = nearestName(name, names);
  const hint =
    nearest === undefined
      ? "`docker mesh status` lists those that run"
      : `did you mean ${nearest}?`;
  const message = `no service or container named ${quote(name)} runs in the mesh: ${hint}`;
  return new MeshError("SERVICE_UNKNOWN", message);
}

/** What only its own node knows is as where no label says otherwise. */
function assumed(instance: Instance): Workload {
  return {
    ...instance,
    ...{ createdAt: "", startedAt: "", hostsPath: "", instanceId: instance.id, redirected: [] },
    ...{ mtls: "permissive", intercept: "on", egress: "allow", sidecar: "agent" },
    ...{ upstreams: undefined, offered: true },
    check: { kind: "tcp" },
  };
}
