// Wires the agent together. Every source of news (engine, catalog, certificates, sidecars, time) only wakes the
// reconciler; who starts a task here ends it here.
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type Docker from "dockerode";
import type { Clock } from "../mesh/clock.ts";
import { Latest } from "../mesh/latest.ts";
import type { Log } from "../mesh/log.ts";
import { type ApiSources, createApi } from "./api/api.ts";
import { type ApiTcpListen, serveApiOnSocket, serveApiOverTcp } from "./api/serve-api.ts";
import { serveMetrics } from "./api/serve-metrics.ts";
import { type Backend, readConsulToken } from "./backend.ts";
import { listCertificates } from "./certificates/certificate-list.ts";
import { ServiceLeaves } from "./certificates/service-leaves.ts";
import { type LookParts, lookAtNode } from "./check/look.ts";
import { type OpenConsole, openConsole } from "./console/open-console.ts";
import { Engine, type EngineVersion } from "./docker/engine.ts";
import { inspectOwnContainer, refuseSecondAgent } from "./docker/own-container.ts";
import { MIGRATION_FILE } from "./docker/sidecar-container.ts";
import { Explainer } from "./explain/explainer.ts";
import { Gateways } from "./gateway/gateways.ts";
import { withGateways } from "./gateway/known-names.ts";
import { letAllLeave, type Remainder } from "./leaving.ts";
import { agentMetrics } from "./metrics/agent-metrics.ts";
import { CallMetrics } from "./metrics/call-metrics.ts";
import { RequestMetrics } from "./metrics/request-metrics.ts";
import { StreamMetrics } from "./metrics/stream-metrics.ts";
import { followNews } from "./news.ts";
import { type LocalNode, localNode } from "./nodes/local-node.ts";
import { NodeWatch } from "./nodes/node-watch.ts";
import { logProblems } from "./nodes/problem-log.ts";
import { sharedNames } from "./nodes/shared-names.ts";
import { Observations } from "./observation/observations.ts";
import { type Departures, outlast } from "./parting.ts";
import { RUN_DIRECTORY, SIDECAR_SOCKET, STATE_DIRECTORY } from "./places.ts";
import { callerReports } from "./policy/caller-reports.ts";
import { fetchKeySet } from "./policy/key-set.ts";
import { KeySetRecord } from "./policy/key-set-record.ts";
import { KeySets } from "./policy/key-sets.ts";
import { PolicyDesk } from "./policy/policy-desk.ts";
import { PolicyState } from "./policy/policy-state.ts";
import { rankIntentions } from "./policy/ranked-intentions.ts";
import type { KnownNames } from "./policy/service-names.ts";
import { ServicePolicies } from "./policy/service-policies.ts";
import { ContainerRecord } from "./reconcile/container-record.ts";
import { EngineLook } from "./reconcile/engine-look.ts";
import { Holds } from "./reconcile/holds.ts";
import { Lanes } from "./reconcile/lanes.ts";
import { Observer } from "./reconcile/observer.ts";
import { Reconciler } from "./reconcile/reconciler.ts";
import type { Settings } from "./settings.ts";
import type { Directory } from "./sidecars/directory.ts";
import { Publisher } from "./sidecars/publisher.ts";
import { SidecarSessions, type TrafficSink } from "./sidecars/sessions.ts";
import { serveSidecars } from "./sidecars/sidecar-server.ts";
import type { MeshStatus, Problem } from "./status.ts";
import { reportStatus } from "./status-report.ts";
import { ServiceLabels } from "./swarm/service-labels.ts";
import { ServiceRecorder } from "./swarm/service-recorder.ts";
import { localityOf } from "./tap/locality.ts";
import { Taps } from "./tap/taps.ts";
import type { CollectorClient } from "./traces/collector-client.ts";
import { SpanExporter } from "./traces/exporter.ts";
import { AGENT_VERSION } from "./version.ts";
import { HealthFeed } from "./workload/health-feed.ts";
import { Interpreter } from "./workload/interpreter.ts";

/** Beside the program. */
const PAGE_FOLDER = fileURLToPath(new URL("./console", import.meta.url));

export interface AgentParts {
  readonly settings: Settings;
  /** Where the API is offered besides its socket. */
  readonly apiTcp: ApiTcpListen | undefined;
  /** Who collects traces. */
  readonly collector: CollectorClient | undefined;
  readonly docker: Docker;
  /** The engine, already found new enough. */
  readonly engineVersion: EngineVersion;
  readonly backend: Omit<Backend, typeof Symbol.dispose>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Runs until it is told to stop, and on while workloads are stopped together with it. Sidecars and registrations stay:
 * traffic goes on without an agent.
 */
export async function runAgent(parts: AgentParts, told: AbortSignal): Promise<void> {
  const { settings, backend, engineVersion, clock, log } = parts;
  const ending = new AbortController();
  const { signal } = ending;
  // However it ends, nothing stays that listens: the process would live on and do nothing.
  using _nothingStays = { [Symbol.dispose]: () => ending.abort(new Error("the agent has ended")) };
  const wake = new Latest<undefined>();
  const trigger = (): void => wake.set(undefined);
  await using leaves = new ServiceLeaves(backend.authority, trigger, log);
  const remembered = new KeySetRecord(join(STATE_DIRECTORY, "key-sets.json"), log);
  using keySets = new KeySets({ fetch: fetchKeySet, remembered, clock, onChange: trigger });
  const wired = await wire(parts, { leaves, keySets }, wake);
  await using _letGo = wired.holds;
  const { reconciler, sessions, healthFeed } = wired;
  const status = statusSource(parts, leaves, wired);
  const sources = apiSources(parts, status, { ...wired, leaves, keySets });
  const api = createApi(sources);
  const onStranger = (): void => {
    if (wired.observer.noteStranger()) trigger();
  };
  await serveSidecars(SIDECAR_SOCKET, sessions, log, signal, onStranger);
  const opened = await startConsole(parts, { sources, api, wired }, signal);
  await serveApiOnSocket(opened?.withAccess ?? api, settings.apiSocket, signal);
  if (parts.apiTcp !== undefined) await serveApiOverTcp(api, parts.apiTcp, signal);
  if (settings.metricsListen !== undefined)
    await serveMetrics(sources.metrics, settings.metricsListen, signal);
  const { node, version: engine } = engineVersion;
  log.info("agent started", { version: AGENT_VERSION, node, engine, catalog: settings.catalog });
  await Promise.all([
    partAfter(told, ending, () => reconciler.departures, clock),
    opened?.run(signal),
    reconciler.run(signal),
    healthFeed.run(signal),
    wired.nodeWatch.run(signal),
    wired.observations.run(signal),
    wired.gateways.run(signal),
    followNews({ ...wired, ...backend, clock, log }, signal),
    logProblems(() => untold(status(), wired), { clock, log }, signal),
  ]);
}

async function startConsole(
  { settings, clock, log }: AgentParts,
  { sources, api, wired }: { sources: ApiSources; api: RequestListener; wired: Wired },
  signal: AbortSignal,
): Promise<OpenConsole | undefined> {
  if (settings.console === undefined) return undefined;
  const { requestMetrics, streamMetrics, policyState, taps } = wired;
  const { status, desk } = sources;
  const address = settings.consulAddress;
  const counters = {
    requests: (now: number) => requestMetrics.totals(now),
    streams: (now: number) => streamMetrics.totals(now),
  };
  return await openConsole(
    {
      ...{ settings: settings.console, stateDirectory: STATE_DIRECTORY, pageFolder: PAGE_FOLDER },
      ...{ status, counters, policyState, taps, api, clock, log },
      resolve: (service) => desk.resolve(service, false),
      consul:
        settings.catalog === "consul"
          ? { address, token: await readConsulToken(settings) }
          : undefined,
    },
    signal,
  );
}

async function partAfter(
  told: AbortSignal,
  ending: AbortController,
  departures: () => Departures,
  clock: Clock,
): Promise<void> {
  if (!told.aborted) await once(told, "abort");
  await outlast(departures, clock, ending.signal);
  ending.abort(told.reason);
}

/** What is kept coming from outside. */
interface Followed {
  readonly leaves: ServiceLeaves;
  readonly keySets: KeySets;
}

interface Wired {
  readonly engine: Engine;
  readonly observer: Observer;
  readonly sessions: SidecarSessions;
  readonly requestMetrics: RequestMetrics;
  readonly streamMetrics: StreamMetrics;
  readonly callMetrics: CallMetrics;
  readonly taps: Taps;
  readonly observations: Observations;
  readonly policyState: PolicyState;
  readonly policies: ServicePolicies;
  readonly publisher: Publisher;
  readonly gateways: Gateways;
  readonly healthFeed: HealthFeed;
  readonly interceptions: ContainerRecord;
  readonly holds: Holds;
  readonly serviceLabels: ServiceLabels;
  readonly serviceRecorder: ServiceRecorder;
  readonly nodeWatch: NodeWatch;
  readonly reconciler: Reconciler;
  /** As `LeaveSources` has it. */
  readonly leave: () => Remainder;
}

async function wire(parts: AgentParts, sources: Followed, wake: Latest<undefined>): Promise<Wired> {
  const { settings, docker, engineVersion, clock, log } = parts;
  const { catalog, swarmServices: store } = parts.backend;
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
  const requestMetrics = new RequestMetrics();
  const streamMetrics = new StreamMetrics();
  const callMetrics = new CallMetrics();
  const countTraffic: TrafficSink = (workload, { traffic = [], calls = [] }) => {
    for (const metrics of [requestMetrics, streamMetrics])
      metrics.add(workload, traffic, clock.monotonic());
    callMetrics.add(workload, calls, clock.monotonic());
  };
  const known = (): Directory["services"] => publisher.directory.services;
  const taps = new Taps(trigger, localityOf(engineVersion.node, known));
  const observations = new Observations(taps, exporterOf(parts));
  const sessions = new SidecarSessions(clock, trigger, countTraffic, (workload, observed) => {
    observations.add(workload, observed);
  });
  const measured = { requestMetrics, streamMetrics, callMetrics };
  const policyState = new PolicyState();
  const policies = new ServicePolicies(policyState);
  const observation = observations.wanted;
  const gateways = gatewaysOf(parts, trigger);
  const publisher = new Publisher({ ...sources, sessions, policies, observation, gateways, clock });
  const healthFeed = new HealthFeed(catalog, clock, log);
  const lanes = new Lanes(clock, trigger);
  const interceptions = await ContainerRecord.open(join(RUN_DIRECTORY, "intercepted"));
  const record = await ContainerRecord.open(join(STATE_DIRECTORY, "held"));
  const onChanged = (containerIds: readonly string[]): void => {
    observer.mark(containerIds);
    trigger();
  };
  const holds = new Holds({ engine, record, clock, log, onChanged });
  const migrates = existsSync(MIGRATION_FILE);
  const template = { own, socket: SIDECAR_SOCKET, logLevel: settings.logLevel, migrates };
  const spoken = { sessions, taps, observations, policyState, policies, publisher, healthFeed };
  const serviceLabels = new ServiceLabels(trigger);
  const serviceRecorder = new ServiceRecorder({ engine, store, labels: serviceLabels, clock, log });
  const nodeWatch = watchNodes(parts, engine, () => localNode(observer, publisher));
  const swarm = { serviceLabels, serviceRecorder, nodeWatch, gateways };
  const shared = { engine, observer, interceptions, holds, ...measured, ...swarm, ...spoken };
  const interpreter = new Interpreter(serviceLabels);
  const reconciler = new Reconciler({
    ...shared,
    interpreter,
    node: engineVersion.node,
    catalog,
    look,
    lanes,
    template,
    wake,
    clock,
    log,
  });
  const leaving = { ...shared, reconciler, interpreter, clock };
  return { ...shared, reconciler, leave: () => letAllLeave(leaving) };
}

function gatewaysOf({ settings, clock }: AgentParts, onChange: () => void): Gateways {
  const authorityFile = join(STATE_DIRECTORY, "gateway-authority.pem");
  return new Gateways({ folder: settings.gatewayCertificates, authorityFile, clock, onChange });
}

function exporterOf({ collector, engineVersion, clock }: AgentParts): SpanExporter | undefined {
  const { node } = engineVersion;
  return collector && new SpanExporter({ client: collector, node, clock });
}

function watchNodes(
  { backend, engineVersion, clock, log }: AgentParts,
  engine: Engine,
  local: () => LocalNode,
): NodeWatch {
  const { node } = engineVersion;
  const registry = backend.agents;
  return new NodeWatch({ node, version: AGENT_VERSION, registry, engine, local, clock, log });
}

/** Problems that none of the agent's parts writes to its log. */
function untold({ problems }: MeshStatus, { reconciler, serviceRecorder }: Wired): Problem[] {
  const told = [...reconciler.problems, ...serviceRecorder.problems].map(({ message }) => message);
  return problems.filter(({ message }) => !told.includes(message));
}

function apiSources(
  parts: AgentParts,
  status: () => MeshStatus,
  wired: Wired & Followed,
): ApiSources {
  const explainer = createExplainer(parts, wired);
  const look = lookParts(parts, status, wired);
  const { reconciler, policies, publisher, requestMetrics, streamMetrics, callMetrics } = wired;
  const known = (): KnownNames => withGateways(publisher.directory.services, reconciler.workloads);
  return {
    status,
    plan: () => reconciler.printedPlan,
    metrics: () => [
      ...requestMetrics.families(parts.clock.monotonic()),
      ...streamMetrics.families(parts.clock.monotonic()),
      ...callMetrics.families(parts.clock.monotonic()),
      ...wired.observations.families(),
      ...agentMetrics(status(), reconciler.workloads),
    ],
    certificates: () => {
      return listCertificates(reconciler.workloads, (service) => wired.leaves.leaf(service));
    },
    intentions: () => rankIntentions(wired.policyState.intentions),
    // One that is to let its node go has done its work when that is free: Swarm waits for it.
    healthy: () => reconciler.alive && (!parts.settings.leaves || wired.leave().attached === 0),
    leave: wired.leave,
    desk: new PolicyDesk({ store: parts.backend.policyStore, policies, known }),
    endpoints: (service) => callerReports(service, reconciler.workloads),
    explain: async (question) => await explainer.explain(question),
    check: async (signal) => await lookAtNode(look, signal),
    taps: wired.taps,
    clock: parts.clock,
    log: parts.log,
  };
}

function lookParts(
  { docker, backend: { consulFacts }, clock }: AgentParts,
  status: () => MeshStatus,
  { reconciler, leaves }: Wired & Followed,
): LookParts {
  return {
    ...{ status, healthy: () => reconciler.alive, consulFacts, docker, clock },
    ...{ leaf: (service) => leaves.leaf(service), stateDirectory: STATE_DIRECTORY },
    migrates: existsSync(MIGRATION_FILE),
  };
}

function createExplainer({ engineVersion }: AgentParts, wired: Wired & Followed): Explainer {
  const { reconciler, publisher, sessions, policies, keySets, leaves } = wired;
  return new Explainer({
    ...{ node: engineVersion.node, policies, keySets, bundle: () => leaves.bundle },
    ...{ workloads: () => reconciler.workloads, directory: () => publisher.directory },
    snapshotOf: (workload) => sessions.snapshotOf(workload),
  });
}

function statusSource(parts: AgentParts, leaves: ServiceLeaves, wired: Wired): () => MeshStatus {
  const { settings, engineVersion, clock } = parts;
  const { catalog, authority } = parts.backend;
  const agent = {
    version: AGENT_VERSION,
    node: engineVersion.node,
    engineVersion: engineVersion.version,
    catalog: settings.catalog,
    startedAt: clock.wall(),
  };
  const { policies, publisher, reconciler, serviceRecorder, nodeWatch } = wired;
  return () =>
    reportStatus({
      agent,
      catalog: catalog.status(),
      bundle: leaves.bundle,
      authorityProblem: authority.problem(),
      nodes: nodeWatch.nodes,
      services: publisher.directory.services,
      policyVersion: (service) => policies.version(service),
      workloads: reconciler.workloads,
      leafExpiry: (service) => leaves.leaf(service),
      problems: [
        ...[...reconciler.problems, ...serviceRecorder.problems, ...publisher.problems],
        ...[...nodeWatch.problems, ...sharedNames(publisher.directory.services)],
        ...wired.observations.problems,
      ],
    });
}
