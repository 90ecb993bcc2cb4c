// What a manager's engine says of its swarm's nodes: which of them has an agent of the mesh, and what keeps it from others.
import { OWN_LABELS } from "./container-facts.ts";

/** A node as its manager sees it. */
export interface SwarmNodeFacts {
  /** The host name, by which the mesh knows nodes. */
  readonly name: string;
  /** Whether it is up and given tasks. */
  readonly isInUse: boolean;
  /** The task of an agent of the mesh there; undefined where Swarm is to start none. */
  readonly agent: AgentTask | undefined;
  /** Names of labelled services with a task that runs there; only looked for where no agent runs. Sorted. */
  readonly labelled: readonly string[];
}

export interface AgentTask {
  /** With its stack's name in front, as `docker service ps` takes it. */
  readonly service: string;
  readonly image: string;
  readonly isRunning: boolean;
  /** What the engine says of the last one that failed; empty while one runs and when none has failed. */
  readonly error: string;
}

/** As much of `GET /nodes` as is read. */
export interface ListedNode {
  readonly ID: string;
  readonly Description?: { readonly Hostname?: string };
  readonly Spec?: { readonly Availability?: string };
  readonly Status?: { readonly State?: string };
}

type Labels = Readonly<Record<string, string>> | null;

/** As much of `GET /services` as is read here. */
export interface ListedTemplate {
  readonly ID: string;
  readonly Spec?: {
    readonly Name?: string;
    readonly Labels?: Labels;
    readonly TaskTemplate?: {
      readonly ContainerSpec?: { readonly Image?: string; readonly Labels?: Labels };
    };
  };
}

/** As much of `GET /tasks` as is read. */
export interface ListedTask {
  readonly ServiceID: string;
  readonly NodeID?: string;
  /** RFC 3339, in UTC: of two, the later one is greater. */
  readonly CreatedAt?: string;
  readonly DesiredState?: string;
  readonly Status?: { readonly State?: string; readonly Err?: string };
  readonly Spec?: { readonly ContainerSpec?: { readonly Image?: string } };
}

/** What is asked in turn, each with the answers before. */
export interface NodeListing {
  readonly nodes: readonly ListedNode[];
  readonly services: readonly ListedTemplate[];
  /** Of the services that {@link agentServices} names. */
  readonly agentTasks: readonly ListedTask[];
}

/** Ids of the services whose tasks are agents of the mesh. */
export function agentServices(services: readonly ListedTemplate[]): readonly string[] {
  return services.filter(isAgent).map(({ ID }) => ID);
}

/** Ids of nodes in use on which no agent runs as a task. */
export function nodesWithoutAgent(listing: NodeListing): readonly string[] {
  return listing.nodes
    .filter((node) => isInUse(node) && agentOn(node, listing)?.isRunning !== true)
    .map(({ ID }) => ID);
}

/** `others` are the tasks that are to run on {@link nodesWithoutAgent}. */
export function readNodes(
  listing: NodeListing,
  others: readonly ListedTask[],
): readonly SwarmNodeFacts[] {
  const labelled = new Map(
    listing.services.filter(isLabelled).map(({ ID, Spec }) => [ID, Spec?.Name ?? ID]),
  );
  return listing.nodes.map((node) => {
    const running = others.filter(({ NodeID, Status }) => {
      return NodeID === node.ID && Status?.State === "running";
    });
    const names = running.map(({ ServiceID }) => labelled.get(ServiceID));
    return {
      name: node.Description?.Hostname ?? node.ID,
      isInUse: isInUse(node),
      agent: agentOn(node, listing),
      labelled: [...new Set(names.filter((name) => name !== undefined))].sort(),
    };
  });
}

/** One that is paused keeps its tasks. */
function isInUse({ Spec, Status }: ListedNode): boolean {
  return Status?.State === "ready" && Spec?.Availability !== "drain";
}

function agentOn({ ID }: ListedNode, listing: NodeListing): AgentTask | undefined {
  const tasks = listing.agentTasks
    .filter(({ NodeID }) => NodeID === ID)
    .sort((a, b) => ((a.CreatedAt ?? "") > (b.CreatedAt ?? "") ? -1 : 1));
  const running = tasks.find(({ Status }) => Status?.State === "running");
  const newest = running ?? tasks[0];
  if (newest === undefined) return undefined;
  // What was shut down on purpose ended without an error.
  const failed = tasks.find(({ Status }) => Boolean(Status?.Err));
  return {
    service: serviceName(newest, listing),
    image: newest.Spec?.ContainerSpec?.Image ?? "",
    isRunning: running !== undefined,
    error: running === undefined ? (failed?.Status?.Err ?? "") : "",
  };
}

function serviceName({ ServiceID }: ListedTask, { services }: NodeListing): string {
  return services.find(({ ID }) => ID === ServiceID)?.Spec?.Name ?? ServiceID;
}

function isAgent({ Spec }: ListedTemplate): boolean {
  return Spec?.TaskTemplate?.ContainerSpec?.Labels?.[OWN_LABELS.role] === "agent";
}

/** The service's labels win over its containers'. */
function isLabelled({ Spec }: ListedTemplate): boolean {
  const onContainers = Spec?.TaskTemplate?.ContainerSpec?.Labels ?? {};
  return { ...onContainers, ...Spec?.Labels }["mesh.enable"] === "true";
}
