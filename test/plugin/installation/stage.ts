// An engine over a real socket that has what a test puts there, and a docker command that writes down how it is called: what
// `docker mesh up`, `down` and the Compose provider see and do, without containers.
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { runCommandLine } from "../../../plugin/commands/command-line.ts";
import { exampleStatus } from "../commands/example-status.ts";
import { frame } from "../commands/fake-engine.ts";

type Labels = Readonly<Record<string, string>>;
type Answer = readonly [status: number, body: unknown];

export interface StagedContainer {
  readonly name: string;
  readonly labels: Labels;
  readonly state?: string;
  /** Of its environment. */
  readonly env?: readonly string[];
  readonly image?: string;
  readonly imageId?: string;
  /** Container port → port of the machine. */
  readonly published?: Readonly<Record<string, string>>;
}

export interface StagedImage {
  readonly name: string;
  readonly id: string;
  readonly version: string;
  readonly contract?: string;
}

export interface End {
  readonly code: number;
  readonly output: string;
  readonly error: string;
}

export const PROJECT = "com.docker.compose.project";

/** A container of the mesh's own project. */
export function partOfMesh(
  service: "agent" | "consul",
  more: Partial<StagedContainer> = {},
): StagedContainer {
  const role = service === "agent" ? { "docker-mesh.role": "agent" } : {};
  return {
    name: `mesh-${service}-1`,
    ...more,
    labels: {
      [PROJECT]: "mesh",
      "com.docker.compose.service": service,
      ...role,
      ...more.labels,
    },
  };
}

/** Every call a line; then what the test wants of it. */
const DOCKER = `#!/bin/sh
variables=$(env | grep -E '^(MESH_|COMPOSE_)' | grep -v '^MESH_TEST' | sort | tr '\\n' ' ')
printf '%s\\t%s\\n' "$*" "$variables" >>"$MESH_TEST_LOG"
case $* in
  *"compose version"*) echo "\${MESH_TEST_COMPOSE-2.40.3}"; exit "\${MESH_TEST_COMPOSE_EXIT-0}" ;;
  *" up "*) cat >/dev/null; [ "\${MESH_TEST_UP-0}" != hang ] || exec sleep 60
    if [ "\${MESH_TEST_UP-0}" = once ] && ! [ -e "$MESH_TEST_LOG.once" ]; then touch "$MESH_TEST_LOG.once"; exit 1; fi
    MESH_TEST_UP=\${MESH_TEST_UP#once}
    case $* in *"--progress plain"*) echo " Container mesh-agent-1  \${MESH_TEST_SAYS-Healthy}" >&2 ;; esac; exit "\${MESH_TEST_UP:-0}" ;;
  *" down"*) cat >/dev/null; exit 0 ;;
  "stack deploy"*) cat >/dev/null; exit "\${MESH_TEST_DEPLOY-0}" ;;
esac
`;

export class Stage implements AsyncDisposable {
  readonly directory: string;
  containers: StagedContainer[] = [];
  images: StagedImage[] = [];
  /** Name → labels. */
  readonly volumes: Map<string, Labels> = new Map();
  volumesCreatedAt: string = new Date().toISOString();
  apiVersion = "1.41";
  /** What the engine says of its swarm. */
  swarm: object = { LocalNodeState: "inactive" };
  /** What the engine lists of the swarm's services, in turn; the last list goes on. */
  services: (readonly object[])[] = [[]];
  readonly secrets: string[] = [];
  /** What the agent's API answers, in turn; the last one goes on. */
  answers: { readonly status: number; readonly body: unknown }[] = [];
  #execOutput = "";
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async open(): Promise<Stage> {
    const stage = new Stage(await mkdtemp(join(tmpdir(), "mesh-stage-")));
    await writeFile(join(stage.directory, "docker"), DOCKER);
    await chmod(join(stage.directory, "docker"), 0o755);
    const listening = Promise.withResolvers<void>();
    stage.#server.listen(join(stage.directory, "engine.sock"), listening.resolve);
    await listening.promise;
    return stage;
  }

  /** Runs `docker-mesh …`. */
  async run(
    line: string,
    environment: Readonly<Record<string, string>> = {},
    signal: AbortSignal = AbortSignal.timeout(20_000),
  ): Promise<End> {
    const printed: string[] = [];
    const complained: string[] = [];
    const code = await runCommandLine(
      line.split(" "),
      {
        print: (text) => printed.push(text),
        printError: (text) => complained.push(text),
        readInput: async () => "",
        environment: {
          PATH: `${this.directory}:/usr/bin:/bin`,
          DOCKER_CONFIG: this.directory,
          DOCKER_HOST: `unix://${this.directory}/engine.sock`,
          MESH_TEST_LOG: join(this.directory, "log"),
          ...environment,
        },
      },
      signal,
    );
    return { code, output: printed.join(""), error: complained.join("") };
  }

  /** How docker was called, without what is always said: arguments, and the variables of the last part. */
  async calls(): Promise<readonly string[]> {
    const log = await readFile(join(this.directory, "log"), "utf8").catch(() => "");
    const always = "--project-directory / --env-file /dev/null --file - ";
    return log
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("\t")[0]?.replace(always, "") ?? "");
  }

  /** The variables of the last call. */
  async variables(): Promise<Readonly<Record<string, string>>> {
    const log = await readFile(join(this.directory, "log"), "utf8");
    const last = log.trimEnd().split("\n").at(-1)?.split("\t")[1] ?? "";
    return Object.fromEntries(
      last
        .trim()
        .split(" ")
        .map((each) => each.split("=", 2)),
    );
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://engine");
    if (pathname === "/exec/e/start") {
      response.writeHead(200, { "content-type": "application/vnd.docker.raw-stream" });
      response.end(frame(1, this.#execOutput));
      return;
    }
    const { label = [] } = JSON.parse(searchParams.get("filters") ?? "{}") as {
      readonly label?: readonly string[];
    };
    const call = `${request.method} ${pathname}`;
    const [status, value] = this.#change(call, body) ?? this.#look(call, label);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(status === 204 ? undefined : JSON.stringify(value));
  }

  #change(call: string, body: string): Answer | undefined {
    const removed = /^DELETE \/volumes\/(.+)$/.exec(call)?.[1];
    if (removed !== undefined) return this.volumes.delete(removed) ? [204, undefined] : [404, {}];
    if (call === "POST /secrets/create") {
      this.secrets.push((JSON.parse(body) as { Name: string }).Name);
      return [201, { ID: "s" }];
    }
    if (call === "POST /volumes/create") {
      const { Name, Labels } = JSON.parse(body) as { Name: string; Labels: Labels };
      this.volumes.set(Name, Labels);
      return [201, { Name }];
    }
    if (!/^POST \/containers\/.*\/exec$/.test(call)) return undefined;
    const isExchange = (JSON.parse(body) as { Cmd: string[] }).Cmd.includes("--exchange");
    this.#execOutput = isExchange ? this.#nextAnswer() : JSON.stringify(exampleStatus);
    return [201, { Id: "e" }];
  }

  #nextAnswer(): string {
    const [answer = { status: 200, body: { attached: 0, due: 0 } }] = this.answers;
    if (this.answers.length > 1) this.answers.shift();
    return JSON.stringify({ status: answer.status, body: JSON.stringify(answer.body) });
  }

  #look(call: string, labels: readonly string[]): Answer {
    const has = (found: Labels): boolean =>
      labels.every((label) => {
        const [name = "", value] = label.split("=", 2);
        return value === undefined ? name in found : found[name] === value;
      });
    if (call === "GET /exec/e/json") return [200, { ExitCode: 0 }];
    if (call === "GET /version") return [200, { Version: "28", ApiVersion: this.apiVersion }];
    if (call === "GET /info")
      return [200, { Name: "node-a", OperatingSystem: "Debian", Swarm: this.swarm }];
    if (call === "GET /secrets") return [200, this.secrets.map((Name) => ({ Spec: { Name } }))];
    if (call === "GET /services")
      return [200, this.services.length > 1 ? this.services.shift() : this.services[0]];
    if (call === "GET /containers/json")
      return [200, this.containers.filter((each) => has(each.labels)).map(listed)];
    if (call === "GET /volumes") {
      const found = [...this.volumes].filter(([, each]) => has(each));
      return [200, { Volumes: found.map(([Name, each]) => this.#volume(Name, each)) }];
    }
    const image = /^GET \/images\/(.+)\/json$/.exec(call)?.[1];
    if (image !== undefined) return this.#lookAtImage(decodeURIComponent(image));
    const inspected = /^GET \/containers\/([^/]+)\/json$/.exec(call)?.[1];
    const container = this.containers.find(({ name }) => name === inspected);
    return container === undefined ? [404, { message: `no ${call}` }] : [200, details(container)];
  }

  #lookAtImage(name: string): Answer {
    const found = this.images.find((image) => image.name === name || image.id === name);
    if (found === undefined) return [404, { message: `no ${name}` }];
    const { id, version, contract } = found;
    const labels = { "docker-mesh.image": "mesh", "org.opencontainers.image.version": version };
    const Labels =
      contract === undefined ? labels : { ...labels, "docker-mesh.contract": contract };
    return [200, { Id: id, Config: { Labels } }];
  }

  #volume(Name: string, Labels: Labels): object {
    return { Name, Labels, CreatedAt: this.volumesCreatedAt };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await rm(this.directory, { recursive: true });
  }
}

function listed(container: StagedContainer): object {
  const { name, labels, state = "running", image = "an-image", imageId = "an-id" } = container;
  const shown = { Labels: labels, State: state, Image: image, ImageID: imageId, Created: 0 };
  return { Id: name, Names: [`/${name}`], ...shown };
}

function details({ env = [], image = "an-image", published = {} }: StagedContainer): object {
  const bindings = Object.entries(published).map(([port, HostPort]) => [port, [{ HostPort }]]);
  return {
    Config: { Env: env, Image: image },
    HostConfig: { PortBindings: Object.fromEntries(bindings) },
    Mounts: [],
  };
}
