// A Docker engine as the agent meets it: HTTP on a unix socket. Containers exist as facts alone; who makes one that is a
// sidecar is told its token when it starts, and may play it.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { OWN_LABELS } from "../../plugin/docker/container-facts.ts";
import { SIDECAR_ENVIRONMENT } from "../../proxy/configuration/snapshot.ts";

/** A container in the engine's own spelling, as much of `inspect` as is read. */
export interface SimulatedContainer {
  readonly Id: string;
  readonly Name: string;
  readonly Created: string;
  readonly Image: string;
  readonly HostsPath: string;
  readonly Mounts: readonly object[];
  readonly Config: {
    readonly Labels: Readonly<Record<string, string>>;
    readonly Env: readonly string[];
    readonly ExposedPorts: Readonly<Record<string, object>>;
  };
  readonly HostConfig: { readonly NetworkMode: string };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, object>> };
  State: { Running: boolean; Paused: boolean; Restarting: boolean; StartedAt: string };
}

interface Creation {
  readonly Image?: string;
  readonly Env?: readonly string[];
  readonly Labels?: Readonly<Record<string, string>>;
  readonly HostConfig?: { readonly NetworkMode?: string };
}

export interface EngineServerOptions {
  readonly node: string;
  readonly containers: readonly SimulatedContainer[];
  /** Called when a sidecar of the workload starts, with its token. */
  readonly onSidecar: (workloadId: string, token: string) => void;
}

const STARTED_AT = "2026-01-01T00:00:00.000000000Z";

/** A container that runs. */
export function runningContainer(
  facts: Pick<SimulatedContainer, "Id" | "Name" | "Config"> &
    Partial<Pick<SimulatedContainer, "NetworkSettings" | "Mounts">>,
): SimulatedContainer {
  return {
    ...{ Created: STARTED_AT, Image: "sha256:simulated", HostsPath: "/hosts", Mounts: [] },
    HostConfig: { NetworkMode: "default" },
    NetworkSettings: { Networks: {} },
    State: { Running: true, Paused: false, Restarting: false, StartedAt: STARTED_AT },
    ...facts,
  };
}

export class EngineServer implements AsyncDisposable {
  readonly #options: EngineServerOptions;
  readonly #containers = new Map<string, SimulatedContainer>();
  readonly #server: Server;
  #created = 0;

  private constructor(options: EngineServerOptions) {
    this.#options = options;
    for (const container of options.containers) this.#containers.set(container.Id, container);
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(socket: string, options: EngineServerOptions): Promise<EngineServer> {
    const engine = new EngineServer(options);
    engine.#server.listen(socket);
    await once(engine.#server, "listening");
    return engine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://engine");
    const [kind = "", id = "", action = ""] = url.pathname
      .replace(/^\/v[\d.]+/, "")
      .split("/")
      .slice(1);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = String(Buffer.concat(chunks));
    // Nothing happens to these containers by itself.
    if (kind === "events") response.writeHead(200).flushHeaders();
    else if (kind === "version") send(response, { Version: "28.5.0", ApiVersion: "1.51" });
    else if (kind === "info") send(response, { Name: this.#options.node, Swarm: {} });
    else if (kind !== "containers") response.writeHead(501).end();
    else if (id === "json") send(response, this.#list(url.searchParams.get("filters")));
    else if (id === "create") send(response, this.#create(url, JSON.parse(body) as Creation), 201);
    else this.#act(this.#containers.get(id), action, request.method, response);
  }

  #list(filters: string | null): readonly object[] {
    const { label = [] } = JSON.parse(filters ?? "{}") as { label?: readonly string[] };
    return [...this.#containers.values()]
      .map(({ Id, Name, Config: { Labels } }) => ({ Id, Names: [Name], Created: 1, Labels }))
      .filter(({ Labels }) =>
        label.every((wanted) => {
          const [name = "", value] = wanted.split("=");
          return Labels[name] === value;
        }),
      );
  }

  #create(url: URL, { Labels = {}, Env = [] }: Creation): object {
    this.#created += 1;
    const Id = createHash("sha256").update(`made ${this.#created}`).digest("hex");
    const Name = `/${url.searchParams.get("name")}`;
    const container = runningContainer({ Id, Name, Config: { Labels, Env, ExposedPorts: {} } });
    container.State = { ...container.State, Running: false };
    this.#containers.set(Id, container);
    return { Id, Warnings: [] };
  }

  #act(
    container: SimulatedContainer | undefined,
    action: string,
    method: string | undefined,
    response: ServerResponse,
  ): void {
    if (container === undefined) {
      send(response, { message: "no such container" }, 404);
      return;
    }
    if (method === "DELETE") this.#containers.delete(container.Id);
    if (action === "start") this.#start(container);
    if (action === "json") send(response, container);
    else if (action === "wait") send(response, { StatusCode: 0 });
    else response.writeHead(204).end();
  }

  #start(container: SimulatedContainer): void {
    container.State = { ...container.State, Running: true };
    const { Labels, Env } = container.Config;
    if (Labels[OWN_LABELS.role] !== "sidecar") return;
    const prefix = `${SIDECAR_ENVIRONMENT.token}=`;
    const token = Env.find((entry) => entry.startsWith(prefix))?.slice(prefix.length) ?? "";
    this.#options.onSidecar(Labels[OWN_LABELS.workload] ?? "", token);
  }
}

function send(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}
