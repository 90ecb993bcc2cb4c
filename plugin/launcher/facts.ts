// What the launcher asks the engine to decide about a call. It asks by lists, which the engine answers without the lock of a
// container: a container that is being started is to be paused at once, and inspecting it would wait until it runs.
import { OWN_LABELS } from "../docker/container-facts.ts";
import type { OwnContainer } from "../docker/own-container.ts";
import type { SidecarTarget } from "../docker/sidecar-container.ts";
import type { EngineSocket } from "./engine-socket.ts";

export interface ContainerSummary {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly networkMode: string;
}

export interface Agent extends Pick<OwnContainer, "image" | "socketMount"> {
  readonly id: string;
}

interface ListedContainer {
  readonly Id: string;
  readonly ImageID: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly HostConfig?: { readonly NetworkMode?: string };
  readonly Mounts?: readonly ListedMount[];
}

interface ListedMount {
  readonly Type: string;
  readonly Name?: string;
  readonly Source?: string;
  readonly Destination: string;
}

/** Undefined where there is none with that whole id. */
export async function summaryOf(
  engine: EngineSocket,
  id: string,
): Promise<ContainerSummary | undefined> {
  const found = await byId(engine, id);
  return (
    found && { id, labels: found.Labels ?? {}, networkMode: found.HostConfig?.NetworkMode ?? "" }
  );
}

/** The container that is to get a sidecar, as the engine attests it. */
export async function sidecarTarget(
  engine: EngineSocket,
  id: string,
): Promise<
  { readonly target: SidecarTarget; readonly labels: ContainerSummary["labels"] } | undefined
> {
  const inspected = (await engine.ask(`/containers/${id}/json`)) as
    | {
        readonly Name: string;
        readonly HostsPath: string;
        readonly State: { readonly StartedAt: string };
        readonly Config: { readonly Labels?: Readonly<Record<string, string>> | null };
      }
    | undefined;
  if (inspected === undefined) return undefined;
  const { Name: name, HostsPath: hostsPath, State: state, Config: config } = inspected;
  const containerName = name.replace(/^\//, "");
  const target = { containerId: id, containerName, startedAt: state.StartedAt, hostsPath };
  return { target, labels: config.Labels ?? {} };
}

/** What is mounted at a directory of a container: two that mount the same have the same text here. */
export async function mountedAt(
  engine: EngineSocket,
  id: string,
  directory: string,
): Promise<string | undefined> {
  const found = await byId(engine, id);
  const mount = found?.Mounts?.find(({ Destination }) => Destination === directory);
  return mount && sourceOf(mount);
}

/** The agents that run and reach this launcher: they mount what its own socket is in. */
export async function agentsOf(
  engine: EngineSocket,
  socketSource: string,
  runDirectory: string,
): Promise<readonly Agent[]> {
  const filters = { label: [`${OWN_LABELS.role}=agent`], status: ["running"] };
  const all = await list(engine, false, filters);
  return all.flatMap(({ Id: id, ImageID: image, Mounts: mounts = [] }) => {
    const run = mounts.find(({ Destination }) => Destination === runDirectory);
    if (run === undefined || !mounts.some((mount) => sourceOf(mount) === socketSource)) return [];
    const named = run.Type === "volume";
    const source = run.Source ?? "";
    const socketMount = {
      Type: named ? ("volume" as const) : ("bind" as const),
      Source: named ? (run.Name ?? source) : source,
      Target: runDirectory,
      ReadOnly: true,
    };
    return [{ id, image, socketMount }];
  });
}

function sourceOf({ Type, Name, Source }: ListedMount): string {
  return `${Type} ${Type === "volume" ? (Name ?? Source) : Source}`;
}

async function byId(engine: EngineSocket, id: string): Promise<ListedContainer | undefined> {
  const found = await list(engine, true, { id: [id] });
  return found.find(({ Id }) => Id === id);
}

async function list(
  engine: EngineSocket,
  all: boolean,
  filters: Readonly<Record<string, readonly string[]>>,
): Promise<readonly ListedContainer[]> {
  const query = new URLSearchParams({
    ...(all ? { all: "true" } : {}),
    filters: JSON.stringify(filters),
  });
  return ((await engine.ask(`/containers/json?${query}`)) ?? []) as readonly ListedContainer[];
}
