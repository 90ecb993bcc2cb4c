// Starting a dockerd of our own and waiting until it answers.
import { spawn } from "node:child_process";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { lastLines, SetupError } from "../command.ts";
import { writeWhole } from "../packages/fetch.ts";
import { type DaemonPaths, daemonConfiguration } from "./daemon-paths.ts";
import { askEngine, type Engine } from "./find.ts";
import { endDaemon, endDaemonAlone } from "./leftovers.ts";

const START_MS = 60_000;
const POLL_MS = 100;
/** A containerd that dockerd would use rather than start its own, merely because this file exists. */
const SYSTEM_CONTAINERD = "/run/containerd/containerd.sock";

export interface DaemonOptions {
  /** A program with parameters that starts dockerd in another namespace. */
  readonly wrapper?: readonly string[];
  /** Where dockerd and containerd are looked for before the usual places. */
  readonly binaries?: readonly string[];
  /** Further entries of dockerd's configuration file. */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** What a predecessor left running is not ended: a dockerd with `live-restore` takes its containers over. */
  readonly takesOver?: boolean;
}

/** Starts dockerd on these paths, in place of whatever a predecessor left there, and resolves when it answers. */
export async function startDaemon(
  paths: DaemonPaths,
  socket: string,
  options: DaemonOptions = {},
): Promise<Engine> {
  // By these numbers dockerd takes any process that has them now for its predecessor, or for its containerd.
  const numbers = [paths.pid];
  if (options.takesOver === true) {
    await endDaemonAlone(paths);
  } else {
    await endDaemon(paths);
    numbers.push(join(paths.exec, "containerd/containerd.pid"));
  }
  for (const file of numbers) await rm(file, { force: true });
  await removeDeadSocket(SYSTEM_CONTAINERD);
  await mkdir(paths.directory, { recursive: true, mode: 0o711 });
  await mkdir(dirname(socket), { recursive: true });
  const configuration = { ...daemonConfiguration(paths, socket), ...options.configuration };
  await writeWhole(paths.config, `${JSON.stringify(configuration)}\n`);
  const ended = await launch(paths, options);
  return await untilItAnswers(paths, socket, ended);
}

/** Starts the process and returns a function that tells whether it has ended. */
async function launch(paths: DaemonPaths, options: DaemonOptions): Promise<() => boolean> {
  const [program = "dockerd", ...parameters] = [
    ...(options.wrapper ?? []),
    ...["dockerd", "--config-file", paths.config],
  ];
  const log = await open(paths.log, "w");
  const path = [...(options.binaries ?? []), process.env["PATH"]].join(":");
  const child = spawn(program, parameters, {
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
    env: { ...process.env, PATH: path, DOCKER_HOST: "" },
  });
  let ended = false;
  child.once("exit", () => {
    ended = true;
  });
  child.once("error", () => {
    ended = true;
  });
  child.unref();
  await log.close();
  return () => ended;
}

async function untilItAnswers(
  paths: DaemonPaths,
  socket: string,
  ended: () => boolean,
): Promise<Engine> {
  const deadline = performance.now() + START_MS;
  let refusal: unknown;
  while (!ended() && performance.now() < deadline) {
    try {
      const engine = await askEngine(socket);
      if (engine !== undefined) return engine;
    } catch (error) {
      // It accepts connections before it answers; a swarm's manager answers once it has looked for the others.
      refusal = error;
    }
    await delay(POLL_MS);
  }
  const log = await readFile(paths.log, "utf8").catch(() => "");
  const what = ended() ? "ended" : `did not answer within ${START_MS / 1000} s`;
  const last = refusal === undefined ? "" : ` (${String(refusal)})`;
  await endDaemon(paths);
  throw new SetupError(
    `expected dockerd to start, but it ${what}${last}. Its last words (${paths.log}):\n${lastLines(log)}\n` +
      "  In a container it needs --privileged; otherwise start an engine yourself and set DOCKER_HOST",
  );
}

/** Removes a socket on which nobody listens any more. */
async function removeDeadSocket(path: string): Promise<void> {
  const state = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.once("connect", () => state.resolve(false));
  socket.once("error", (error: NodeJS.ErrnoException) =>
    state.resolve(error.code === "ECONNREFUSED"),
  );
  const dead = await state.promise;
  socket.destroy();
  if (dead) await rm(path, { force: true });
}
