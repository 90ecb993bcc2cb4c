// What a name means to an application: a service that its sidecar leads to, or why there is none. Pure.
import { nearestName } from "../../mesh/nearest.ts";
import { quote } from "../../mesh/printable.ts";
import type { OutboundPort, OutboundService } from "../../proxy/configuration/snapshot.ts";
import type { Directory, DirectoryService } from "../sidecars/directory.ts";
import type { Problem } from "../status.ts";
import type { Workload } from "../workload/workload.ts";

/** Why the mesh does not lead there. */
export type CalleeProblem = Pick<Problem, "code" | "message">;

export type FoundCallee =
  | { readonly service: OutboundService; readonly port: OutboundPort }
  | { readonly problem: CalleeProblem };

export interface CalleeSketch {
  readonly to: string;
  readonly port: number | undefined;
  readonly workload: Workload;
  readonly outbound: readonly OutboundService[];
  readonly directory: Directory;
  /** What the agent has to say about the caller's outbound side. */
  readonly problems: readonly Problem[];
}

export function findCallee(sketch: CalleeSketch): FoundCallee {
  const { to, port, outbound, workload } = sketch;
  // A gateway has no application that would call by names.
  const service = outbound.find(({ names, service: full }) =>
    workload.gateway === undefined ? names.includes(to) : full === to,
  );
  if (service === undefined) return { problem: whyNotLed(sketch) };
  const called = port === undefined ? service.ports[0] : service.ports.find((p) => p.port === port);
  if (called !== undefined) return { service, port: called };
  const offered = service.ports.map((each) => each.port).join(", ") || "none";
  return {
    problem: {
      code: "SERVICE_UNKNOWN",
      message: `${service.service} has no port ${port}: expected one of ${offered}; nobody listens there`,
    },
  };
}

function whyNotLed(sketch: CalleeSketch): CalleeProblem {
  const { to, workload, outbound, directory, problems } = sketch;
  const meant = directory.services.find(
    ({ service, aliases }) =>
      service === to ||
      aliases.some(({ project, alias }) => alias === to && project === workload.project),
  );
  if (meant === undefined) return unknownName(sketch);
  const told = problems.find(({ message }) => /[ :]/.test(afterName(message, meant.service)));
  if (told !== undefined) return told;
  if (meant.service === workload.service)
    return {
      code: "PORT_IN_USE",
      message: `${to} is the caller's own service, on whose ports its application listens itself: calls to its own name do not go through the mesh`,
    };
  const shared = sharesNetwork(workload, meant);
  if (!shared) return notShared(workload, meant);
  const others = outbound.flatMap(({ names }) => names).join(", ") || "none";
  return {
    code: "SERVICE_UNKNOWN",
    message:
      workload.upstreams === undefined
        ? `the sidecar of ${workload.containerName} does not lead to ${meant.service}; it leads to ${others}`
        : `label mesh.upstreams of ${workload.containerName} does not name ${to}: add it there; it names ${workload.upstreams.join(", ") || "nobody"}`,
  };
}

/** The character that follows the name in the text; empty without it. */
function afterName(text: string, name: string): string {
  const at = text.indexOf(` ${name}`);
  return at < 0 ? "" : text.charAt(at + 1 + name.length);
}

function unknownName({ to, workload, directory }: CalleeSketch): CalleeProblem {
  const elsewhere = directory.services.filter(({ aliases }) =>
    aliases.some(({ alias }) => alias === to),
  );
  const names = directory.services.flatMap(({ service, aliases }) => [
    service,
    ...aliases.filter(({ project }) => project === workload.project).map(({ alias }) => alias),
  ]);
  const nearest = elsewhere[0]?.service ?? nearestName(to, names);
  const hint =
    nearest === undefined ? "`docker mesh status` lists the services" : `did you mean ${nearest}?`;
  const message = `no service of the mesh is called ${quote(to)} where ${workload.containerName} runs: ${hint}`;
  return { code: "SERVICE_UNKNOWN", message };
}

function sharesNetwork({ networks }: Workload, { networkIds }: DirectoryService): boolean {
  return networks.some(({ networkId }) => networkIds.has(networkId));
}

function notShared(
  { containerName, networks }: Workload,
  { service, entries }: DirectoryService,
): CalleeProblem {
  const own = networks.map(({ networkName }) => networkName).join(", ");
  const there = new Set(
    entries.flatMap(({ instance }) => instance.networks.map(({ networkName }) => networkName)),
  );
  return {
    code: "NETWORK_NOT_SHARED",
    message: `${containerName} and ${service} share no network: found ${own} here and ${[...there].join(", ") || "others"} there: add a common network to both`,
  };
}
