// Services that two applications run under one name by accident, as project `a` with service `b-c` and project `a-b` with
// service `c` do: their workloads are one service to the mesh, with one identity and one policy. Pure.
import type { Instance } from "../../mesh/model.ts";
import type { DirectoryService } from "../sidecars/directory.ts";
import type { Problem } from "../status.ts";

/** Applications named at most. */
const MOST_NAMED = 4;

/** One problem for each service whose workloads come from more than one project or stack. */
export function sharedNames(services: readonly DirectoryService[]): readonly Problem[] {
  return services.flatMap(({ service, entries }) => {
    const first = entries[0]?.instance.project;
    // Hardly any service has two.
    if (entries.every(({ instance }) => instance.project === first)) return [];
    const byProject = Map.groupBy(
      entries.map(({ instance }) => instance),
      ({ project }) => project,
    );
    return [toProblem(service, [...byProject.values()].map(describe).sort())];
  });
}

function toProblem(service: string, owners: readonly string[]): Problem {
  const shown = owners.slice(0, MOST_NAMED).join(" and ");
  const more = owners.length > MOST_NAMED ? ` and ${owners.length - MOST_NAMED} more` : "";
  const message =
    `expected one application to run ${service}, found ${shown}${more}: calls are shared out among all of them, under one identity and one ` +
    "policy. Give one of them another name with the label mesh.service, or both of them names that differ, and deploy it again";
  return { subject: service, code: "NAME_SHARED", message };
}

/** By the container of the lowest id, so that the text stays the same. */
function describe(instances: readonly Instance[]): string {
  const [first] = instances;
  const where = `container ${first?.containerName} on ${first?.node}`;
  return first?.project === undefined ? `${where}` : `project ${first.project} (${where})`;
}
