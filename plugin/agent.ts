// The process of the agent: settings from the environment, the real engine, catalog and clock, and an orderly end.
import Docker from "dockerode";
import { Backoff } from "../mesh/backoff.ts";
import { systemClock } from "../mesh/clock.ts";
import { describeError } from "../mesh/errors.ts";
import { createLog, type Log } from "../mesh/log.ts";
import { readTcpListen } from "./api/tcp-listen.ts";
import { connectBackend } from "./backend.ts";
import { Engine, type EngineVersion } from "./docker/engine.ts";
import { runAgent } from "./run-agent.ts";
import { readSettings } from "./settings.ts";
import { CollectorClient } from "./traces/collector-client.ts";
import { openCollector } from "./traces/collector-settings.ts";

const stop = new AbortController();
for (const name of ["SIGTERM", "SIGINT"] as const)
  process.once(name, () => stop.abort(new Error(name)));

try {
  await main(stop.signal);
} catch (error) {
  createLog("error").error(describeError(error));
  process.exitCode = 1;
}

async function main(signal: AbortSignal): Promise<void> {
  const settings = readSettings(process.env);
  const apiTcp = settings.apiTcp && (await readTcpListen(settings.apiTcp));
  const collected = settings.collector && (await openCollector(settings.collector));
  const log = createLog(settings.logLevel);
  const docker = new Docker();
  const engineVersion = await findEngine(new Engine(docker), log, signal);
  if (engineVersion === undefined) return;
  using backend = await connectBackend(settings, engineVersion.node, systemClock);
  using collector = collected && new CollectorClient(collected);
  const set = { settings, apiTcp, collector };
  await runAgent({ ...set, docker, engineVersion, backend, clock: systemClock, log }, signal);
  log.info("agent stopped; sidecars go on with what they have");
}

/** Waits for an engine that answers and is new enough: it may be starting, or about to be upgraded. */
async function findEngine(
  engine: Engine,
  log: Log,
  signal: AbortSignal,
): Promise<EngineVersion | undefined> {
  const backoff = new Backoff({ base: 250, max: 10_000 });
  while (!signal.aborted) {
    try {
      return await engine.version(signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      log.error(describeError(error));
      await systemClock.sleep(backoff.next(), signal).catch(() => undefined);
    }
  }
  return undefined;
}
