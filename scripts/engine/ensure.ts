// An engine that answers, come what may: the one that is there, or else one installed and started here.
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isInstalled, SetupError } from "../command.ts";
import type { Progress } from "../progress.ts";
import type { Settings } from "../settings.ts";
import { readState, updateState } from "../state.ts";
import { ensureCompose } from "./compose-plugin.ts";
import { startDaemon } from "./daemon.ts";
import { daemonPaths } from "./daemon-paths.ts";
import { type Engine, findEngine, type Search } from "./find.ts";
import { ensureDockerCommand, installEngine } from "./install.ts";
import { findDaemon } from "./leftovers.ts";
import { observeNetwork } from "./network-traces.ts";
import { placeEngine } from "./placement.ts";

/** How long an engine that was just installed may take until the machine's init system has started it. */
const FIRST_START_MS = 10_000;

export interface ReadyEngine extends Engine {
  /** Whether it was started here, by this run or an earlier one, and goes when the mesh goes. */
  readonly own: boolean;
}

/** Finds or starts an engine, makes it the one all `docker` commands talk to, and makes Compose work. */
export async function ensureEngine(settings: Settings, progress: Progress): Promise<ReadyEngine> {
  const engine = await progress.step(
    "Docker Engine",
    async ({ note }) => await obtainEngine(settings, note),
    ({ version, socket, own }) => `${version} at ${socket}${own ? ", started here" : ""}`,
  );
  process.env["DOCKER_HOST"] = `unix://${engine.socket}`;
  await ensureDockerCommand(settings);
  await progress.step(
    "Docker Compose",
    async () => await ensureCompose(settings),
    (version) => version,
  );
  return engine;
}

async function obtainEngine(
  settings: Settings,
  note: (text: string) => void,
): Promise<ReadyEngine> {
  const paths = daemonPaths(join(settings.state, "engine"));
  const { engine: record } = await readState(settings.state);
  const found = await findEngine().catch(async (error: unknown): Promise<Search> => {
    // One of ours that hangs is started anew; anybody else's is their business.
    if (record === undefined || (await findDaemon(paths)) === undefined) throw error;
    return { absentAt: record.socket };
  });
  if ("engine" in found) {
    const own = record?.socket === found.engine.socket && (await findDaemon(paths)) !== undefined;
    return { ...found.engine, own };
  }
  if (!(await isInstalled("dockerd"))) {
    note("installing docker.io");
    await installEngine();
    const started = await startedBySystem();
    if (started !== undefined) return { ...started, own: false };
  }
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      `expected a Docker Engine at ${found.absentAt}, found none, and starting one needs root; ` +
        "start Docker, set DOCKER_HOST, or run this as root",
    );
  }
  note("starting dockerd");
  const socket = found.absentAt;
  const network = await observeNetwork();
  await updateState(settings.state, (state) => ({
    ...state,
    engine: { socket, network: state.engine?.network ?? network },
  }));
  const place = await placeEngine(settings, "engine");
  return { ...(await startDaemon(paths, socket, place)), own: true };
}

/** The engine that the machine's init system started when its package was installed, where there is such a system. */
async function startedBySystem(): Promise<Engine | undefined> {
  const deadline = performance.now() + ((await isInstalled("systemctl")) ? FIRST_START_MS : 0);
  while (true) {
    const found = await findEngine();
    if ("engine" in found) return found.engine;
    if (performance.now() >= deadline) return undefined;
    await delay(500);
  }
}
