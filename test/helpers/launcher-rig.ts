// A launcher in front of an engine that is played: what reaches the engine is written down.
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import Docker from "dockerode";
import { silentLog } from "../../mesh/log.ts";
import { Engine } from "../../plugin/docker/engine.ts";
import { EngineSocket } from "../../plugin/launcher/engine-socket.ts";
import { Launcher } from "../../plugin/launcher/launcher.ts";
import { createLauncherServer, serveLauncher } from "../../plugin/launcher/serve-launcher.ts";
import { containerId } from "./workloads.ts";

/** As `inspect` and lists of containers have it. */
export interface PlayedContainer {
  readonly Id: string;
  readonly Name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly networkMode?: string;
  readonly image?: string;
  readonly mounts?: readonly object[];
  readonly environment?: readonly string[];
}

export interface Reached {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: string;
}

export const IMAGE: string = `sha256:${containerId("f")}`;
export const STARTED = "2026-03-01T08:00:00.000000001Z";

/** The mounts of an agent that uses the rig's launcher. */
export const AGENT_MOUNTS: readonly object[] = [
  { Type: "volume", Name: "mesh_engine", Source: "", Destination: "/run/docker-engine" },
  { Type: "volume", Name: "mesh_run", Source: "", Destination: "/run/mesh" },
];

export class LauncherRig implements AsyncDisposable {
  readonly containers: Map<string, PlayedContainer> = new Map();
  /** Without the launcher's own questions. */
  readonly reached: Reached[] = [];
  readonly engine: Engine;
  readonly socket: string;
  readonly #directory: string;
  readonly #played: Server;
  readonly #own: EngineSocket;
  readonly #end = new AbortController();
  #closed: Promise<void> = Promise.resolve();

  private constructor(directory: string) {
    this.#directory = directory;
    this.socket = join(directory, "launcher.sock");
    this.#played = createServer((request, response) => void this.#answer(request, response));
    this.#own = new EngineSocket(join(directory, "docker.sock"));
    this.engine = new Engine(new Docker({ socketPath: this.socket }));
  }

  static async open(): Promise<LauncherRig> {
    const rig = new LauncherRig(await mkdtemp(join(tmpdir(), "mesh-launcher-")));
    rig.#played.listen(join(rig.#directory, "docker.sock"));
    await once(rig.#played, "listening");
    await rig.start();
    return rig;
  }

  /** One more launcher at the same place, as after a restart. */
  async start(): Promise<void> {
    const launcher = new Launcher({
      ...{ engine: this.#own, runDirectory: "/run/mesh", sidecarSocket: "/run/mesh/agent.sock" },
      ...{ socketSource: async () => "volume mesh_engine", log: silentLog },
    });
    const server = createLauncherServer(launcher);
    this.#closed = (await serveLauncher(server, this.socket, this.#end.signal)).closed;
  }

  add(container: PlayedContainer): void {
    this.containers.set(container.Id, container);
  }

  /** Bytes to the launcher, and all that it answers until it closes; `leaves`: the other side goes right after them. */
  async raw(bytes: string, { leaves = false }: { leaves?: boolean } = {}): Promise<string> {
    const socket = connect(this.socket).setEncoding("utf8");
    let answer = "";
    socket.on("data", (part: string) => {
      answer += part;
    });
    // It may close without having read everything.
    socket.on("error", () => undefined);
    socket.write(bytes);
    if (leaves) socket.end();
    await new Promise((resolve) => socket.once("close", resolve));
    return answer;
  }

  async get(target: string): Promise<string> {
    return await this.raw(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  }

  async send(method: string, target: string, body?: string): Promise<number> {
    const length = body === undefined ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    const head = `${method} ${target} HTTP/1.1\r\nHost: x\r\n${length}Connection: close\r\n\r\n`;
    const answer = await this.raw(head + (body ?? ""));
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: target = "", rawHeaders: headers } = request;
    const body = await text(request);
    const { pathname, searchParams } = new URL(target, "http://engine");
    const own = pathname === "/containers/json" && !target.includes("status");
    if (!own) this.reached.push({ method, target, headers, body });
    const told = this.#tell(method, pathname, searchParams.get("filters") ?? "{}");
    response.writeHead(told === undefined ? 404 : method === "DELETE" ? 204 : 200);
    response.end(JSON.stringify(told ?? { message: "No such container" }));
  }

  #tell(method: string, path: string, filters: string): unknown {
    if (path === "/containers/json") return this.#list(filters);
    if (path === "/containers/create") return { Id: containerId("9"), Warnings: ["x"] };
    if (path === "/info") return { Name: "node", Labels: ["secret"], Swarm: {} };
    if (path === "/version") return { Version: "20.10", ApiVersion: "1.41", Os: "linux" };
    const [, id = "", action] = /^\/containers\/([0-9a-f]+)(?:\/(\w+))?/.exec(path) ?? [];
    const container = this.containers.get(id);
    if (container === undefined) return undefined;
    return action === "json" ? inspected(container) : method === "POST" ? { StatusCode: 0 } : {};
  }

  #list(filters: string): unknown {
    const { id, label } = JSON.parse(filters) as { id?: string[]; label?: string[] };
    return [...this.containers.values()]
      .filter(({ Id, labels }) => {
        const isMeant = id === undefined || id.some((prefix) => Id.startsWith(prefix));
        return isMeant && (label === undefined || labels["docker-mesh.role"] === "agent");
      })
      .map(({ Id, Name, labels, networkMode, image, mounts }) => ({
        ...{ Id, Names: [`/${Name}`], Labels: labels, ImageID: image ?? IMAGE, Command: "secret" },
        ...{ HostConfig: { NetworkMode: networkMode ?? "bridge" }, Mounts: mounts ?? [] },
      }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#closed;
    this.#own.close();
    this.#played.closeAllConnections();
    this.#played.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function inspected({
  Id,
  Name,
  labels,
  networkMode,
  environment,
  mounts,
}: PlayedContainer): unknown {
  return {
    ...{ Id, Name: `/${Name}`, Image: IMAGE, Created: STARTED, Path: "secret", Args: ["secret"] },
    HostsPath: `/var/lib/docker/containers/${Id}/hosts`,
    State: { Running: true, Paused: false, StartedAt: STARTED, Pid: 1 },
    Config: { Labels: labels, Env: environment ?? [], Cmd: ["secret"], ExposedPorts: {} },
    HostConfig: { NetworkMode: networkMode ?? "bridge", Binds: ["/secret:/x"] },
    NetworkSettings: { Networks: {}, SandboxKey: "secret" },
    Mounts: mounts ?? [{ Type: "bind", Source: "/secret", Destination: "/x" }],
  };
}
