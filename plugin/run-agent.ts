// Wires the agent together. Every source of news (engine, catalog, certificates, sidecars, time) only wakes the
// reconciler; who starts a task here ends it here.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import type { Clock } from "../mesh/clock.ts";
import { Latest } from "../mesh/latest.ts";
import type { Log } from "../mesh/log.ts";
import type { Catalog } from "../registry/catalog.ts";
import { createApi } from "./api/api.ts";
import { type ApiTcpListen, serveApiOnSocket, serveApiOverTcp } from "./api/serve-api.ts";
import type { CertificateAuthority } from "./certificates/authority.ts";
import { ServiceLeaves } from "./certificates/service-leaves.ts";
import { Engine, type EngineVersion } from "./docker/engine.ts";
import { inspectOwnContainer, refuseSecondAgent } from "./docker/own-container.ts";
import { followNews } from "./news.ts";
import { EngineLook } from "./reconcile/engine-look.ts";
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

export interface AgentParts {
  readonly settings: Settings;
  /** Where the API is offered besides its socket. */
  readonly apiTcp: ApiTcpListen | undefined;
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
  const { settings, authority, engineVersion, catalog, clock, log } = parts;
  const wake = new Latest<undefined>();
  await using leaves = new ServiceLeaves(authority, () => wake.set(undefined), log);
  const wired = await wire(parts, leaves, wake);
  const { reconciler, sessions, healthFeed } = wired;
  const status = statusSource(parts, leaves, wired);
  const api = createApi({
    status,
    plan: () => reconciler.printedPlan,
    healthy: () => reconciler.alive,
    log,
  });
  await serveSidecars(SIDECAR_SOCKET, sessions, log, signal);
  await serveApiOnSocket(api, settings.apiSocket, signal);
  if (parts.apiTcp !== undefined) await serveApiOverTcp(api, parts.apiTcp, signal);
  const { node, version: engine } = engineVersion;
  log.info("agent started", { version: AGENT_VERSION, node, engine, catalog: settings.catalog });
  await Promise.all([
    reconciler.run(signal),
    healthFeed.run(signal),
    followNews({ ...wired, catalog, clock, log }, signal),
  ]);
}

interface Wired {
  readonly engine: Engine;
  readonly observer: Observer;
  readonly sessions: SidecarSessions;
  readonly publisher: Publisher;
  readonly healthFeed: HealthFeed;
  readonly interceptions: InterceptionRecord;
  readonly reconciler: Reconciler;
}

async function wire(
  parts: AgentParts,
  leaves: ServiceLeaves,
  wake: Latest<undefined>,
): Promise<Wired> {
  const { settings, docker, engineVersion, catalog, clock, log } = parts;
  const own = await inspectOwnContainer(
    docker,
    await readFile("/proc/self/mountinfo", "utf8"),
    RUN_DIRECTORY,
  );
  await refuseSecondAgent(docker, own.id);
  const engine = new Engine(docker);
  const observer = new Observer(engine, clock);
  const trigger = (): void => wake.set(undefined);
  const look = new EngineLook({ observer, trigger, clock, log });
  const sessions = new SidecarSessions(clock, trigger);
  const publisher = new Publisher(sessions, leaves, clock);
  const healthFeed = new HealthFeed(catalog, clock, log);
  const lanes = new Lanes(clock, trigger);
  const interceptions = await InterceptionRecord.open(join(RUN_DIRECTORY, "intercepted"));
  const template = { own, socket: SIDECAR_SOCKET, logLevel: settings.logLevel };
  const shared = { engine, observer, sessions, publisher, healthFeed, interceptions };
  const { node } = engineVersion;
  const reconciler = new Reconciler({
    ...shared,
    node,
    catalog,
    look,
    lanes,
    template,
    wake,
    clock,
    log,
  });
  return { ...shared, reconciler };
}

function statusSource(parts: AgentParts, leaves: ServiceLeaves, wired: Wired): () => MeshStatus {
  const { settings, engineVersion, catalog, authority, clock } = parts;
  const agent = {
    version: AGENT_VERSION,
    node: engineVersion.node,
    engineVersion: engineVersion.version,
    catalog: settings.catalog,
    startedAt: clock.wall(),
  };
  const { publisher, reconciler } = wired;
  return () =>
    reportStatus({
      agent,
      catalog: catalog.status(),
      bundle: leaves.bundle,
      authorityProblem: authority.problem(),
      services: publisher.directory.services,
      workloads: reconciler.workloads,
      leafExpiry: (service) => leaves.leaf(service),
      problems: [...reconciler.problems, ...publisher.problems],
    });
}
