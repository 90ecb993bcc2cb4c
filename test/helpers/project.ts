// A compose project of a test: written to a temporary folder, brought up as a user would, gone afterwards.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compose, docker, provided } from "./docker.ts";

/** An application that answers every request with who it is and what it received, as JSON. */
const ECHO = `
const http = require("node:http");
const server = http.createServer((q, s) => {
  let body = "";
  q.on("data", (c) => (body += c));
  q.on("end", () => s.end(JSON.stringify({ replica: require("node:os").hostname(), method: q.method, url: q.url, headers: q.headers, remote: q.socket.remoteAddress, body })));
});
server.listen(Number(process.argv[1] ?? 8080), "0.0.0.0");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
`;

export interface EchoAnswer {
  readonly replica: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly remote: string;
  readonly body: string;
}

/** A service that runs the echo application; `labels` are its mesh labels. */
export function echoService(
  labels: Readonly<Record<string, string>>,
  more: object = {},
  port = 8080,
): object {
  return {
    image: provided("MESH_DEMO_IMAGE"),
    command: ["node", "-e", ECHO.replaceAll("$", "$$$$"), String(port)],
    init: true,
    stop_grace_period: "5s",
    labels,
    ...more,
  };
}

export class ComposeProject implements AsyncDisposable {
  readonly name: string;
  readonly #directory: string;
  readonly #file: string;

  private constructor(name: string, directory: string) {
    this.name = name;
    this.#directory = directory;
    this.#file = join(directory, "compose.json");
  }

  /** Writes the compose file (JSON is YAML) and starts it. */
  static async up(name: string, file: object, ...options: string[]): Promise<ComposeProject> {
    const project = new ComposeProject(name, await mkdtemp(join(tmpdir(), "mesh-test-")));
    await project.change(file, ...options);
    return project;
  }

  /** Applies another version of the file, as `docker compose up -d` does after an edit. */
  async change(file: object, ...options: string[]): Promise<void> {
    await writeFile(this.#file, JSON.stringify(file, undefined, 2));
    await this.compose("up", "-d", ...options);
  }

  async compose(...args: string[]): Promise<string> {
    return await compose({}, "-p", this.name, "-f", this.#file, ...args);
  }

  /** Container ids of a service, running or not. */
  async containersOf(service: string): Promise<string[]> {
    const ids = await this.compose("ps", "-aq", service);
    return ids.split("\n").filter(Boolean);
  }

  async exec(service: string, ...command: string[]): Promise<string> {
    const [id] = await this.containersOf(service);
    return await docker("exec", String(id), ...command);
  }

  /** A request from inside a service's container: status and parsed or plain body. */
  async fetch(
    service: string,
    url: string,
  ): Promise<{ status: number; body: string; echo: EchoAnswer | undefined }> {
    const script = `fetch(process.argv[1],{signal:AbortSignal.timeout(5000)}).then(async r=>console.log(JSON.stringify({status:r.status,body:await r.text()})),e=>console.log(JSON.stringify({status:0,body:String(e.cause?.code??e.cause??e)})))`;
    const answer = JSON.parse(await this.exec(service, "node", "-e", script, url)) as {
      status: number;
      body: string;
    };
    const echo = answer.body.startsWith("{") ? (JSON.parse(answer.body) as EchoAnswer) : undefined;
    return { ...answer, echo };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.compose("down", "--volumes", "--remove-orphans", "--timeout", "2");
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Ids of the sidecar containers beside a container. */
export async function sidecarsOf(containerId: string): Promise<string[]> {
  const ids = await docker(
    "ps",
    "-aq",
    "--no-trunc",
    "--filter",
    `label=docker-mesh.workload=${containerId}`,
    "--filter",
    "label=docker-mesh.role=sidecar",
  );
  return ids.split("\n").filter(Boolean);
}
