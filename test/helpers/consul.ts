// A real Consul in a container of its own, with the faults that tests put it through.
import { randomBytes } from "node:crypto";
import { docker, provided } from "./docker.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";

export interface ConsulServerOptions {
  /** Consul forgets everything when it stops. Default false. */
  readonly forgetful?: boolean;
  /** Access control is on, with this token for everything and nothing without it. */
  readonly token?: string;
  /** The connections that Consul takes from one address. Default 200, which is Consul's. */
  readonly connections?: number;
}

// Elections take as little time as Raft can do with.
const CONFIGURATION = "connect { enabled = true } performance { raft_multiplier = 1 }";
const accessControl = (token: string): string =>
  `acl { enabled = true default_policy = "deny" tokens { master = "${token}" agent = "${token}" } }`;

const limit = (connections: number): string =>
  `limits { http_max_conns_per_client = ${connections} }`;

/** One Consul server with its HTTP API on a port of 127.0.0.1, which stays the same over restarts. */
export class ConsulServer implements AsyncDisposable {
  readonly address: string;
  readonly #container: string;
  readonly #token: string | undefined;

  constructor(container: string, port: number, token: string | undefined) {
    this.#container = container;
    this.#token = token;
    this.address = `http://127.0.0.1:${port}`;
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await docker("stop", "--time", "10", this.#container);
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    await docker("kill", this.#container);
  }

  /** Starts it again, and resolves when it leads. */
  async start(): Promise<void> {
    await docker("start", this.#container);
    await this.leads();
  }

  /** Freezes it: connections stay open and nobody answers. */
  async pause(): Promise<void> {
    await docker("pause", this.#container);
  }

  async unpause(): Promise<void> {
    await docker("unpause", this.#container);
  }

  /** Resolves when it has elected itself and its own node and certificate authority are there. */
  async leads(): Promise<void> {
    await eventually(
      async () => {
        const nodes = await this.#get("/v1/health/state/passing");
        if (!Array.isArray(nodes) || nodes.length === 0) throw new Error("no healthy node yet");
        await this.#get("/v1/connect/ca/roots");
      },
      { timeout: 30_000, interval: 50 },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await docker("rm", "--force", "--volumes", this.#container);
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(this.address + path, {
      headers: this.#token === undefined ? {} : { "X-Consul-Token": this.#token },
      signal: AbortSignal.timeout(1_000),
    });
    if (!response.ok) throw new Error(`consul answered ${response.status} to ${path}`);
    return await response.json();
  }
}

/** Starts a Consul from the image that MESH_CONSUL_IMAGE names; the caller disposes it. */
export async function startConsul({
  forgetful = false,
  token,
  connections = 200,
}: ConsulServerOptions = {}): Promise<ConsulServer> {
  const image = provided("MESH_CONSUL_IMAGE");
  // Docker picks a new port at each start when it is free to choose, and a restarted Consul must be found again.
  const port = await freePort();
  const name = `mesh-test-consul-${randomBytes(4).toString("hex")}`;
  const arguments_ = "-server -bootstrap-expect=1 -ui -client=0.0.0.0 -bind=127.0.0.1";
  await docker(
    ...["run", "--detach", "--name", name, "--label", "mesh-test=consul"],
    ...["--publish", `127.0.0.1:${port}:8500`],
    ...(forgetful ? ["--tmpfs", "/consul/data"] : []),
    ...["--entrypoint", "consul", image, "agent", ...arguments_.split(" ")],
    ...["-data-dir=/consul/data", "-hcl", CONFIGURATION, "-hcl", limit(connections)],
    ...(token === undefined ? [] : ["-hcl", accessControl(token)]),
  );
  const server = new ConsulServer(name, port, token);
  try {
    await server.leads();
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}
