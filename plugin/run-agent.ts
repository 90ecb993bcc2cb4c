// Wires the agent together: one task per source of news (engine, catalog, certificates, sidecars, time), all of which
// only trigger the reconciler. Who starts a task here ends it here.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { Backoff } from "../mesh/backoff.ts";
import type { Clock } from "../mesh/clock.ts";
import { describeError } from "../mesh/errors.ts";
import { Latest } from "../mesh/latest.ts";
import type { Log } from "../mesh/log.ts";
import type { Catalog } from "../registry/catalog.ts";
import { createApi, serveApi } from "./api/api.ts";
import type { CertificateAuthority } from "./certificates/authority.ts";
import { ServiceLeaves } from "./certificates/service-leaves.ts";
import { Engine, type EngineVersion } from "./docker/engine.ts";
import { followEvents } from "./docker/events.ts";
import { inspectOwnContainer } from "./docker/own-container.ts";
import { InterceptionRecord } from "./reconcile/interception-record.ts";
import { Lanes } from "./reconcile/lanes.ts";
import { Observer } from "./reconcile/observer.ts";
import { Reconciler } from "./reconcile/reconciler.ts";
import { RUN_DIRECTORY, type Settings, SIDECAR_SOCKET } from "./settings.ts";
import { Publisher } from "./sidecars/publisher.ts";
import { SidecarSessions } from "./sidecars/sessions.ts";
import { serveSidecars } from "./sidecars/sidecar-server.ts";
import type { MeshStatus } from "./status.ts";
import { reportStatus } from "./status-report.ts";
import { AGENT_VERSION } from "./version.ts";
import { HealthFeed } from "./workload/health-feed.ts";

/** Everything is listed anew this often, ms: whatever an event failed to say is found then. */
const RESYNC_INTERVAL = 30_000;
/** While the catalog does not answer, this node's registrations are asked for again after at most this long, ms. */
const CATALOG_RETRY = 2_000;

export interface AgentParts {
  readonly settings: Settings;
  readonly docker: Docker;
  /** The engine, already found new enough. */
  readonly engineVersion: EngineVersion;
  readonly catalog: Catalog;
  readonly authority: CertificateAuthority;
  readonly clock: Clock;
  readonly log: Log;
}

/** Runs until the signal aborts. Sidecars and registrations stay: traffic goes on without an agent. */
export async function runAgent(parts: AgentParts, signal: AbortSignal): Promise<void> {
  const { settings, docker, engineVersion, catalog, authority, clock, log } = parts;
  const own = await inspectOwnContainer(
    docker,
    await readFile("/proc/self/mountinfo", "utf8"),
    RUN_DIRECTORY,
  );
  const engine = new Engine(docker);
  const observer = new Observer(engine, clock);
  const wake = new Latest<undefined>();
  const trigger = (): void => wake.set(undefined);
  const sessions = new SidecarSessions(clock, trigger);
  await using leaves = new ServiceLeaves(authority, trigger, log);
  const publisher = new Publisher(sessions, leaves, clock);
  const healthFeed = new HealthFeed(catalog, clock, log);
  const lanes = new Lanes(clock, trigger);
  const interceptions = await InterceptionRecord.open(join(RUN_DIRECTORY, "intercepted"));
  const template = { own, socket: SIDECAR_SOCKET, logLevel: settings.logLevel };
  const { node } = engineVersion;
  const reconciler = new Reconciler({
    node,
    engine,
    catalog,
    observer,
    sessions,
    publisher,
    healthFeed,
    lanes,
    template,
    interceptions,
    wake,
    clock,
    log,
  });
  const startedAt = clock.wall();
  const status = (): MeshStatus =>
    reportStatus({
      agent: {
        version: AGENT_VERSION,
        node,
        engineVersion: engineVersion.version,
        catalog: settings.catalog,
        startedAt,
      },
      catalog: catalog.status(),
      bundle: leaves.bundle,
      authorityProblem: authority.problem(),
      services: publisher.directory.services,
      workloads: reconciler.workloads,
      leafExpiry: (service) => leaves.leaf(service),
      problems: [...reconciler.problems, ...publisher.problems],
    });
  const api = createApi({ status, plan: () => reconciler.printedPlan, healthy: () => true, log });
  await serveSidecars(SIDECAR_SOCKET, sessions, log, signal);
  await serveApi(api, { host: settings.apiHost, port: settings.apiPort }, signal);
  log.info("agent started", {
    version: AGENT_VERSION,
    node,
    engine: engineVersion.version,
    catalog: settings.catalog,
  });
  await Promise.all([
    reconciler.run(signal),
    healthFeed.run(signal),
    followEngine(engine, observer, reconciler, parts, signal),
    followViews(catalog, reconciler, signal),
    followRegistrations(catalog, reconciler, clock, log, signal),
    resync(observer, reconciler, interceptions, clock, signal),
  ]);
}

async function followEngine(
  engine: Engine,
  observer: Observer,
  reconciler: Reconciler,
  { clock, log }: AgentParts,
  signal: AbortSignal,
): Promise<void> {
  for await (const event of followEvents(engine, clock, log, signal)) {
    if (observer.note(event)) reconciler.trigger();
  }
}

async function followViews(
  catalog: Catalog,
  reconciler: Reconciler,
  signal: AbortSignal,
): Promise<void> {
  for await (const view of catalog.views(signal)) reconciler.setView(view);
}

/** Asks now and then which of this node's instances the catalog has: how ghosts of an earlier agent are found. */
async function followRegistrations(
  catalog: Catalog,
  reconciler: Reconciler,
  clock: Clock,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff({ base: 100, max: CATALOG_RETRY });
  while (!signal.aborted) {
    let pause = RESYNC_INTERVAL;
    try {
      reconciler.setRegistered(await catalog.registered(signal));
      backoff.reset();
    } catch (error) {
      if (signal.aborted) return;
      pause = backoff.next();
      log.debug("the catalog did not list this node's instances", { error: describeError(error) });
      reconciler.trigger();
    }
    await clock.sleep(pause, signal).catch(() => undefined);
  }
}

async function resync(
  observer: Observer,
  reconciler: Reconciler,
  interceptions: InterceptionRecord,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(RESYNC_INTERVAL, signal).catch(() => undefined);
    observer.markAll();
    await interceptions.keepOnly(new Set(observer.containers.map(({ id }) => id)));
    reconciler.trigger();
  }
}
