// What of the engine's answers reaches the agent: the fields that it reads, and no others. So it never sees the environment of
// a container, in which secrets are kept, save the tokens of the sidecars that it made. Pure.
import { SIDECAR_ENVIRONMENT } from "../../proxy/configuration/snapshot.ts";
import { concernsMesh, isOwn } from "../docker/concern.ts";
import { OWN_LABELS } from "../docker/container-facts.ts";
import type { CallName } from "./calls.ts";

/** Fields to take: `true` for a whole value, a shape for a part of it; of an array the same of each. */
interface Shape {
  readonly [field: string]: true | Shape;
}

type Labels = Readonly<Record<string, string>>;

const LISTED: Shape = { Id: true, Names: true, Created: true, Labels: true, State: true };

const INSPECTED: Shape = {
  ...{ Id: true, Name: true, Created: true, Image: true, HostsPath: true, RestartCount: true },
  State: {
    ...{ Running: true, Restarting: true, Paused: true, StartedAt: true, ExitCode: true },
    Health: { Status: true },
  },
  Config: { Labels: true, ExposedPorts: true, StopSignal: true, StopTimeout: true },
  HostConfig: { NetworkMode: true, Dns: true },
  NetworkSettings: { Networks: true },
};
/** Of the agent itself: where its directories come from. */
const MOUNTS: Shape = { Mounts: { Type: true, Name: true, Source: true, Destination: true } };

/** Calls with an answer in JSON that is not passed on as it is. */
const SHAPES: Partial<Readonly<Record<CallName, Shape>>> = {
  version: { Version: true, ApiVersion: true },
  info: {
    ...{ Name: true, SystemTime: true },
    Swarm: { ControlAvailable: true, Error: true, Cluster: { ID: true } },
  },
  create: { Id: true },
  wait: { StatusCode: true },
  services: {
    ...{ ID: true, Version: { Index: true } },
    Spec: {
      ...{ Name: true, Labels: true },
      TaskTemplate: { ContainerSpec: { Image: true, Labels: true } },
    },
  },
  nodes: {
    ID: true,
    Description: { Hostname: true },
    Spec: { Availability: true },
    Status: { State: true },
  },
  tasks: {
    ...{ ID: true, ServiceID: true, NodeID: true, CreatedAt: true, DesiredState: true },
    Status: { State: true, Err: true },
    Spec: { ContainerSpec: { Image: true } },
  },
};

/** The answer for the agent; undefined for a container that is not the mesh's business. */
export function answerOf(call: CallName, body: unknown): unknown {
  if (call === "list" || call === "agents") return listed(body);
  if (call === "inspect") return inspected(body);
  return take(body, SHAPES[call] ?? {});
}

function listed(body: unknown): unknown {
  const all = Array.isArray(body) ? (body as readonly { readonly Labels?: Labels | null }[]) : [];
  return take(
    all.filter(({ Labels }) => isConcerned(Labels ?? {})),
    LISTED,
  );
}

interface Inspected {
  readonly Config?: {
    readonly Labels?: Labels | null;
    readonly Env?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
  };
}

function inspected(body: unknown): unknown {
  const { Config: config = {} } = body as Inspected;
  const labels = config.Labels ?? {};
  if (!isConcerned(labels)) return undefined;
  const isAgent = labels[OWN_LABELS.role] === "agent";
  const answer = take(body, isAgent ? { ...INSPECTED, ...MOUNTS } : INSPECTED) as object;
  const taken = (answer as { readonly Config: object }).Config;
  return isOwn(labels) ? { ...answer, Config: { ...taken, ...ownFields(labels, config) } } : answer;
}

/** The token by which a sidecar is known again, and which redirection an explicit init container installs. */
function ownFields(labels: Labels, { Env, Cmd }: NonNullable<Inspected["Config"]>): object {
  if (labels[OWN_LABELS.explicit] !== undefined) return { Cmd };
  return { Env: (Env ?? []).filter((entry) => entry.startsWith(`${SIDECAR_ENVIRONMENT.token}=`)) };
}

export function isConcerned(labels: Labels): boolean {
  return concernsMesh(labels) || labels[OWN_LABELS.role] === "agent";
}

function take(value: unknown, shape: Shape | true): unknown {
  if (shape === true || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each: unknown) => take(each, shape));
  const fields = Object.entries(shape).flatMap(([name, part]) => {
    const field = (value as Readonly<Record<string, unknown>>)[name];
    return field === undefined ? [] : [[name, take(field, part)] as const];
  });
  return Object.fromEntries(fields);
}
