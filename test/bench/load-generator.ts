// The load generator of load/: compiled when its sources have changed, run on its core, its JSON read.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { isInstalled, run, SetupError } from "../../scripts/command.ts";
import { LOAD_CORE, PROXY_CORE, pinned } from "./cores.ts";

const SOURCES = join(import.meta.dirname, "load");

/** One measurement. Times are microseconds, shares are of one core. */
export interface Figures {
  readonly seconds: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Of bodies, 10^6 bytes. */
  readonly megabytesPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly largest: number;
  /** Run time of all proxy processes, by the scheduler's count, for each request. */
  readonly processorPerRequest: number;
  readonly proxyShare: number;
  /** LoadGenerator and backend together. Near 1 they are the limit. */
  readonly loadShare: number;
  /** Of the proxies' core, taken by others. */
  readonly foreignShare: number;
  readonly stolenShare: number;
  readonly backendConnections: number;
  /** Opened while measuring: 0 says that connections were kept. */
  readonly newBackendConnections: number;
  /** Those whose first request said for whom it was forwarded. */
  readonly forwardedConnections: number;
  readonly errors: number;
  readonly firstError: string;
}

export interface LoadRequest {
  readonly port: number;
  readonly backendPort: number;
  readonly connections: number;
  readonly bodyBytes: number;
  /** Requests a second at intended times; 0 is the closed loop. */
  readonly rate: number;
  readonly warmSeconds: number;
  readonly seconds: number;
  /** The proxies. */
  readonly processes: readonly number[];
}

/** The compiled program, and what cuts its work short. */
export interface LoadGenerator {
  readonly program: string;
  readonly signal: AbortSignal;
}

/** Compiles the generator unless the cache has it, and returns the program's path. */
export async function compileLoadGenerator(cache: string): Promise<string> {
  const names = (await readdir(SOURCES)).sort();
  const hash = createHash("sha256");
  for (const name of names) hash.update(name).update(await readFile(join(SOURCES, name)));
  const program = join(cache, `load-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(program)) return program;
  if (!(await isInstalled("cc"))) {
    throw new SetupError(
      "expected a C compiler (cc) for the load generator, found none: apt-get install gcc libc6-dev",
    );
  }
  await mkdir(cache, { recursive: true });
  const sources = names.filter((name) => name.endsWith(".c")).map((name) => join(SOURCES, name));
  const unfinished = `${program}.${process.pid}`;
  await run("cc", ["-O2", "-Wall", "-Wextra", "-o", unfinished, ...sources]);
  await rename(unfinished, program);
  return program;
}

export async function putLoad(
  { program, signal }: LoadGenerator,
  request: LoadRequest,
): Promise<Figures> {
  const options = {
    port: request.port,
    backend: request.backendPort,
    connections: request.connections,
    body: request.bodyBytes,
    rate: request.rate,
    warm: request.warmSeconds,
    seconds: request.seconds,
    pids: request.processes.join(","),
    core: PROXY_CORE,
  };
  const parameters = Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const [taskset = "", ...command] = pinned(LOAD_CORE, [program, ...parameters]);
  return JSON.parse(await run(taskset, command, { signal })) as Figures;
}
