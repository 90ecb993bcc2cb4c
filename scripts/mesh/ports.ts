// The ports that the mesh and its demo publish on this machine, and whether they are free.
import { createServer } from "node:net";
import { SetupError } from "../command.ts";
import { dockerLines } from "../engine/docker.ts";

export interface PublishedPort {
  readonly purpose: string;
  /** The environment variable that changes it. */
  readonly variable: string;
  readonly port: number;
  /** The interface it is published on. */
  readonly host: "127.0.0.1" | "0.0.0.0";
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The ports in force. Throws SetupError for a variable that is no port. */
export function publishedPorts(environment: Environment): Readonly<Record<Purpose, PublishedPort>> {
  const read = (purpose: string, variable: string, usual: number): PublishedPort => {
    const text = environment[variable] || String(usual);
    const port = Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new SetupError(
        `expected a port from 1 to 65535 in ${variable}, found ${JSON.stringify(text)}`,
      );
    }
    return {
      purpose,
      variable,
      port,
      host: variable === "MESH_DEMO_PORT" ? "0.0.0.0" : "127.0.0.1",
    };
  };
  return {
    shop: read("the shop page", "MESH_DEMO_PORT", 8080),
    consul: read("Consul", "MESH_CONSUL_PORT", 8500),
    console: read("the console", "MESH_CONSOLE_PORT", 8600),
  };
}

export type Purpose = "shop" | "consul" | "console";

/** Throws SetupError naming every port that somebody else has. Ports of these compose projects count as free. */
export async function requireFreePorts(
  ports: readonly PublishedPort[],
  projects: readonly string[],
): Promise<void> {
  const ours = await portsOfProjects(projects);
  const taken: PublishedPort[] = [];
  for (const published of ports) {
    if (!ours.has(published.port) && !(await isFree(published))) taken.push(published);
  }
  if (taken.length === 0) return;
  throw new SetupError(
    taken
      .map(
        ({ port, purpose, variable }) =>
          `port ${port} (${purpose}) is taken by another program; free it, or choose another: ${variable}=${port + 10_000} npm start`,
      )
      .join("\n"),
  );
}

async function portsOfProjects(projects: readonly string[]): Promise<ReadonlySet<number>> {
  const ports = new Set<number>();
  for (const project of projects) {
    const filter = `label=com.docker.compose.project=${project}`;
    const lines = await dockerLines(["ps", "--filter", filter, "--format", "{{.Ports}}"]);
    for (const [, port] of lines.join("\n").matchAll(/:(\d+)->/g)) ports.add(Number(port));
  }
  return ports;
}

async function isFree({ port, host }: PublishedPort): Promise<boolean> {
  const server = createServer();
  const result = Promise.withResolvers<boolean>();
  server.once("error", (error: NodeJS.ErrnoException) =>
    result.resolve(error.code !== "EADDRINUSE"),
  );
  server.listen({ port, host, exclusive: true }, () => server.close(() => result.resolve(true)));
  return await result.promise;
}
