// The one place that talks to the Docker Engine. Every call has a time limit, since the client library leaves a call
// pending for ever when a response body stalls, and every failure becomes a MeshError. Decides nothing.
import type Docker from "dockerode";
import type { ContainerCreateOptions } from "dockerode";
import { MeshError } from "../../mesh/errors.ts";
import { readIntroduction } from "../../proxy/configuration/introduction.ts";
import { concernsMesh, isOwn } from "./concern.ts";
import {
  type ContainerFacts,
  readContainerFacts,
  readSidecarFacts,
  type SidecarFacts,
} from "./container-facts.ts";
import { type ListedService, readServices, type ServiceListing } from "./swarm-facts.ts";
import {
  agentServices,
  type ListedNode,
  type ListedTask,
  type ListedTemplate,
  nodesWithoutAgent,
  readNodes,
  type SwarmNodeFacts,
} from "./swarm-nodes.ts";

/** The engine's version as far as the mesh cares. */
export interface EngineVersion {
  readonly version: string;
  readonly apiVersion: string;
  /** The engine's node name. */
  readonly node: string;
}

/** Either a container of the user's, or one that an agent made. */
export type Inspected =
  | { readonly kind: "container"; readonly facts: ContainerFacts }
  | { readonly kind: "sidecar"; readonly facts: SidecarFacts };

/** Docker 20.10: the first engine on which ports below 1024 need no capability, and the oldest tested. */
export const OLDEST_API_VERSION = "1.41";

const CALL_LIMIT = 20_000;
const LAST_LINES = 20;
/** Among which an introduction is looked for; a sidecar may log each request, and introduces itself again when asked. */
const INTRODUCTION_LINES = 2_000;
const LOG_HEADER = 8;

interface AnsweringAbout {
  version(options: { abortSignal: AbortSignal }): Promise<{ Version: string; ApiVersion: string }>;
  info(options: { abortSignal: AbortSignal }): Promise<EngineInfo>;
  listServices(options: {
    abortSignal: AbortSignal;
  }): Promise<readonly (ListedService & ListedTemplate)[]>;
  listNodes(options: { abortSignal: AbortSignal }): Promise<readonly ListedNode[]>;
  listTasks(options: {
    filters: Readonly<Record<string, readonly string[]>>;
    abortSignal: AbortSignal;
  }): Promise<readonly ListedTask[]>;
}

interface EngineInfo {
  readonly Name: string;
  readonly Swarm?: {
    /** Whether it is a manager. */
    readonly ControlAvailable?: boolean;
    /** Why the cluster could not be read: it has no leader. */
    readonly Error?: string;
    readonly Cluster?: { readonly ID?: string } | null;
  };
}

export class Engine {
  readonly #docker: Docker;

  constructor(docker: Docker) {
    this.#docker = docker;
  }

  /** Throws ENGINE_TOO_OLD below API {@link OLDEST_API_VERSION}. */
  async version(signal: AbortSignal): Promise<EngineVersion> {
    // The library takes options here, which its types do not say.
    const docker = this.#docker as unknown as AnsweringAbout;
    const [version, info] = await engineCall("tell its version", () =>
      Promise.all([docker.version(limit(signal)), docker.info(limit(signal))]),
    );
    if (compareVersions(version.ApiVersion, OLDEST_API_VERSION) < 0) {
      throw new MeshError(
        "ENGINE_TOO_OLD",
        `expected a Docker Engine with API ${OLDEST_API_VERSION} (20.10) or newer, found API ${version.ApiVersion} (${version.Version}): upgrade the engine`,
      );
    }
    return { version: version.Version, apiVersion: version.ApiVersion, node: info.Name };
  }

  /**
   * All services of the swarm; undefined where nobody could tell: on workers and without a swarm. Throws ENGINE_REFUSED on
   * a manager while its swarm has no leader.
   */
  async swarmServices(signal: AbortSignal): Promise<ServiceListing | undefined> {
    const id = await this.#managedSwarm(signal);
    return id === undefined ? undefined : readServices(id, await this.#listServices(signal));
  }

  /** All nodes of the swarm; undefined and errors as of {@link swarmServices}. */
  async swarmNodes(signal: AbortSignal): Promise<readonly SwarmNodeFacts[] | undefined> {
    if ((await this.#managedSwarm(signal)) === undefined) return undefined;
    const docker = this.#docker as unknown as AnsweringAbout;
    const services = await this.#listServices(signal);
    const nodes = await engineCall("list nodes", () => docker.listNodes(limit(signal)));
    const agentTasks = await this.#listTasks({ service: agentServices(services) }, signal);
    const listing = { nodes, services, agentTasks };
    const others = { node: nodesWithoutAgent(listing), "desired-state": ["running"] };
    return readNodes(listing, await this.#listTasks(others, signal));
  }

  /** The id of the swarm that this node manages. */
  async #managedSwarm(signal: AbortSignal): Promise<string | undefined> {
    const docker = this.#docker as unknown as AnsweringAbout;
    const { Swarm: swarm } = await engineCall("tell of its swarm", () =>
      docker.info(limit(signal)),
    );
    if (swarm?.ControlAvailable !== true) return undefined;
    const id = swarm.Cluster?.ID;
    if (id !== undefined) return id;
    throw new MeshError(
      "ENGINE_REFUSED",
      `expected the swarm of this manager to have a leader, found that the Docker Engine cannot read it (${swarm.Error ?? "no reason given"})`,
    );
  }

  async #listServices(signal: AbortSignal): Promise<readonly (ListedService & ListedTemplate)[]> {
    const docker = this.#docker as unknown as AnsweringAbout;
    return await engineCall("list services", () => docker.listServices(limit(signal)));
  }

  /** None for a filter that lets none through, which the engine would take for no filter. */
  async #listTasks(
    filters: Readonly<Record<string, readonly string[]>>,
    signal: AbortSignal,
  ): Promise<readonly ListedTask[]> {
    if (Object.values(filters).some((values) => values.length === 0)) return [];
    const docker = this.#docker as unknown as AnsweringAbout;
    return await engineCall("list tasks", () => docker.listTasks({ filters, ...limit(signal) }));
  }

  /**
   * Ids of the containers that concern the mesh: labelled `mesh.*` by users, made by an agent, or tasks of a swarm, whose
   * services may have labels.
   */
  async list(signal: AbortSignal): Promise<string[]> {
    const all = await engineCall("list containers", () =>
      this.#docker.listContainers({ all: true, ...limit(signal) }),
    );
    return all.filter(({ Labels }) => concernsMesh(Labels ?? {})).map(({ Id }) => Id);
  }

  /** Undefined when there is no such container, or when it does not concern the mesh. */
  async inspect(id: string, signal: AbortSignal): Promise<Inspected | undefined> {
    const inspected = await engineCall(
      `inspect ${id}`,
      () => this.#docker.getContainer(id).inspect(limit(signal)),
      404,
    );
    if (inspected === undefined) return undefined;
    const labels = inspected.Config.Labels ?? {};
    if (!concernsMesh(labels)) return undefined;
    return isOwn(labels)
      ? { kind: "sidecar", facts: readSidecarFacts(inspected) }
      : { kind: "container", facts: readContainerFacts(inspected) };
  }

  /** How often the engine has started a container again that had ended; 0 for one that is gone. */
  async restarts(id: string, signal: AbortSignal): Promise<number> {
    const container = this.#docker.getContainer(id);
    const look = (): Promise<Docker.ContainerInspectInfo> => container.inspect(limit(signal));
    return (await engineCall(`inspect ${id}`, look, 404))?.RestartCount ?? 0;
  }

  /** Creates a container and gives its id. */
  async create(specification: ContainerCreateOptions, signal: AbortSignal): Promise<string> {
    const { name, ...body } = specification;
    // Left alone, the library writes all of the body into the query, too: tokens for every log on the way.
    const request: object = { _query: { name }, _body: body, ...limit(signal) };
    const container = await engineCall(`create ${name}`, () =>
      this.#docker.createContainer(request),
    );
    return container.id;
  }

  /** One that runs already is fine. */
  async start(id: string, signal: AbortSignal): Promise<void> {
    const start = (): Promise<unknown> => this.#docker.getContainer(id).start(limit(signal));
    await engineCall(`start ${id}`, start, 304);
  }

  /** Stops a container's processes where they are; false when it does not run, is gone, or somebody else has paused it. */
  async pause(id: string, signal: AbortSignal): Promise<boolean> {
    const pause = (): Promise<unknown> =>
      this.#docker
        .getContainer(id)
        .pause(limit(signal))
        .then(() => true);
    return (await engineCall(`pause ${id}`, pause, 404, 409)) !== undefined;
  }

  /** Lets a paused container run on; one that is gone is fine. */
  async unpause(id: string, signal: AbortSignal): Promise<void> {
    const unpause = (): Promise<unknown> => this.#docker.getContainer(id).unpause(limit(signal));
    await engineCall(`resume ${id}`, unpause, 404);
  }

  /** Waits for the end of a container and gives its exit code and, when it failed, the last lines it printed. */
  async waitForExit(id: string, signal: AbortSignal): Promise<{ code: number; output: string }> {
    const container = this.#docker.getContainer(id);
    const { StatusCode: code } = await engineCall(`wait for ${id}`, () =>
      container.wait(limit(signal)),
    );
    if (code === 0) return { code, output: "" };
    return { code, output: await this.lastLines(id, signal) };
  }

  /** Sends a signal; a container that has stopped, or is gone, is fine. */
  async signal(id: string, name: string, signal: AbortSignal): Promise<void> {
    const send = (): Promise<void> =>
      this.#docker.getContainer(id).kill({ signal: name, ...limit(signal) });
    await engineCall(`send ${name} to ${id}`, send, 404, 409);
  }

  /**
   * Sends the stop signal, and kills what has not ended after `seconds`; resolves when it is over. A container that has
   * stopped, or is gone, is fine. It is not restarted.
   */
  async stop(id: string, seconds: number, signal: AbortSignal): Promise<void> {
    const time = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000 + CALL_LIMIT)]);
    const stop = (): Promise<void> =>
      this.#docker.getContainer(id).stop({ t: seconds, abortSignal: time });
    await engineCall(`stop ${id}`, stop, 304, 404);
  }

  /** The last lines that a container printed; empty when it is gone. */
  async lastLines(id: string, signal: AbortSignal): Promise<string> {
    const options = { stdout: true, stderr: true, tail: LAST_LINES, ...limit(signal) } as const;
    const read = (): Promise<Buffer> => this.#docker.getContainer(id).logs(options);
    const logs = await engineCall(`read logs of ${id}`, read, 404);
    return logs === undefined ? "" : printable(readLogs(logs));
  }

  /**
   * The digest of its token that an explicit sidecar has printed since that start (the engine's own text); empty when it has
   * not, undefined when its log cannot be read: not every log driver lets it.
   */
  async introduction(
    id: string,
    startedAt: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const since = Date.parse(startedAt) / 1_000;
    const options = { stdout: true, since, tail: INTRODUCTION_LINES, ...limit(signal) } as const;
    const read = (): Promise<Buffer> => this.#docker.getContainer(id).logs(options);
    const logs = await engineCall(`read logs of ${id}`, read, 404, 409, 500, 501);
    return logs === undefined ? undefined : readIntroduction(readLogs(logs));
  }

  /** Stops and removes; a container that is gone already is fine. */
  async remove(id: string, signal: AbortSignal): Promise<void> {
    const remove = (): Promise<void> =>
      this.#docker.getContainer(id).remove({ force: true, v: true, ...limit(signal) });
    // 409: somebody else is removing it at this moment.
    await engineCall(`remove ${id}`, remove, 404, 409);
  }

  /** The raw event stream of containers, networks and services; see `events.ts` for its reader. */
  async openEvents(signal: AbortSignal): Promise<NodeJS.ReadableStream> {
    return await engineCall("subscribe to events", () =>
      this.#docker.getEvents({
        filters: { type: ["container", "network", "service"] },
        abortSignal: signal,
      }),
    );
  }
}

function limit(signal: AbortSignal): { abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.any([signal, AbortSignal.timeout(CALL_LIMIT)]) };
}

function engineCall<T>(what: string, call: () => Promise<T>): Promise<T>;
function engineCall<T>(
  what: string,
  call: () => Promise<T>,
  ...accepted: number[]
): Promise<T | undefined>;
async function engineCall<T>(
  what: string,
  call: () => Promise<T>,
  ...accepted: number[]
): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    const { statusCode, json } = error as { statusCode?: number; json?: { message?: string } };
    if (statusCode !== undefined && accepted.includes(statusCode)) return undefined;
    const code = statusCode === undefined ? "ENGINE_UNAVAILABLE" : "ENGINE_REFUSED";
    const detail = json?.message === undefined ? "" : ` (${json.message})`;
    throw new MeshError(code, `the Docker Engine could not ${what}${detail}`, { cause: error });
  }
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (const index of [0, 1]) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The text in log output, which the engine cuts into frames: one byte for the stream, three unused, four of length. */
function readLogs(raw: Buffer): string {
  const texts: Buffer[] = [];
  for (let at = 0; at + LOG_HEADER <= raw.length; ) {
    const end = at + LOG_HEADER + raw.readUInt32BE(at + 4);
    texts.push(raw.subarray(at + LOG_HEADER, end));
    at = end;
  }
  return Buffer.concat(texts).toString("utf8");
}

/** Without what a terminal would obey. */
function printable(text: string): string {
  return text.replaceAll(/(?!\n)[\p{Cc}\ufffd]/gu, "").trim();
}
