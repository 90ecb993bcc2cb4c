// One sidecar, wired: configuration from the agent → listeners, hosts file and request path; probe and reports back.
import { setImmediate as endOfTurn } from "node:timers/promises";
import type { Clock } from "../mesh/clock.ts";
import { Drain } from "../mesh/drain.ts";
import type { Log } from "../mesh/log.ts";
import { Denials } from "./authorize/denials.ts";
import { probeApplication, type Questions } from "./check/probe.ts";
import type { AgentAddress } from "./configuration/agent-channel.ts";
import type { Configuration } from "./configuration/configuration.ts";
import type { OutboundRoutes } from "./configuration/outbound-routes.ts";
import { type Reports, sendReports } from "./configuration/reports.ts";
import { HAND_OVER_TIME, REPORT_INTERVAL, type SidecarReport } from "./configuration/snapshot.ts";
import { followSnapshots } from "./configuration/snapshot-source.ts";
import { Counters } from "./counters.ts";
import type { DataPlane } from "./data-plane.ts";
import { HttpEngine } from "./http/http-engine.ts";
import { Listeners } from "./listen/listeners.ts";
import { Calls } from "./metrics/calls.ts";
import { Traffic } from "./metrics/traffic.ts";
import { type Interfaces, StaleNamespace } from "./namespace.ts";
import { deliverObserved } from "./observe/deliveries.ts";
import { Observing } from "./observe/observing.ts";
import { OpenStreams } from "./open-streams.ts";
import { Refusals } from "./refusals.ts";
import { Status } from "./status.ts";
import { Upkeep } from "./upkeep.ts";

/** Milliseconds that requests and tunnels in flight have when the sidecar is stopped for good; Docker kills after 10 s. */
const DRAIN_TIMEOUT = 8_000;

/** The reason with which the signal aborts when the application goes on without a sidecar. */
export const DETACHED: Error = new Error("the application goes on without the mesh");

export interface SidecarOptions extends AgentAddress {
  /** Path of the application's hosts file. */
  readonly hostsFile: string;
  /** Whether a predecessor may still listen where this one will. */
  readonly takesOver?: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** The interfaces of the network namespace at this moment. */
  readonly interfaces: () => Interfaces;
  /** Whether to offer links to other sidecars; without them they are spoken to as foreign ones are, in HTTP/1.1. */
  readonly links?: boolean;
  /** Stops the sidecar: what is in flight may finish, then everything closes. */
  readonly signal: AbortSignal;
}

export type SidecarEnd = "stopped" | "namespace-left-behind";

export interface Sidecar {
  /** What the agent would be told at this moment. */
  report(): SidecarReport;
  /** Resolves when everything is closed; rejects when a part that should run for ever failed. */
  readonly ended: Promise<SidecarEnd>;
}

/** Starts a sidecar; it works by itself until its signal aborts or its namespace is left behind. */
export function startSidecar(options: SidecarOptions): Sidecar {
  const counters = new Counters();
  const traffic = new Traffic();
  const status = new Status(counters, options.clock);
  return { report: () => status.report(), ended: run(options, counters, traffic, status) };
}

async function run(
  options: SidecarOptions,
  counters: Counters,
  traffic: Traffic,
  status: Status,
): Promise<SidecarEnd> {
  const { clock, log, hostsFile, signal } = options;
  const ending = new AbortController();
  const drain = new Drain();
  const refusals = new Refusals(counters, clock, log);
  using observing = new Observing(clock, () => upkeep.configuration?.snapshot.service ?? "");
  const { tracer, observer, outbox } = observing;
  const engine = new HttpEngine({
    ...{ refusals, drain, tracer, links: options.links ?? true },
    retried: () => {
      counters.retries += 1;
    },
    linkViolated: () => {
      counters.linkViolations += 1;
    },
  });
  const { destinations } = engine;
  const streams = new OpenStreams();
  const upkeep = new Upkeep({
    ...{ hostsFile, clock, log, status, destinations },
    swapped: (configuration) => {
      observing.follow(configuration.snapshot.observation);
      destinations.retain(configuration.destinations);
      engine.drain();
      engine.review();
      streams.review();
    },
  });
  const configuration = (): typeof upkeep.configuration => upkeep.configuration;
  const plane: DataPlane = {
    ...{ configuration, engine, counters, traffic, observer, refusals, drain, log, streams },
    denials: new Denials(log, clock, counters),
    signal: ending.signal,
  };
  using listeners = new Listeners(plane, options.takesOver ?? false);
  const source = { agent: options, clock, log };
  const reports = {
    ...{ ...source, changes: status.changes },
    ...counting(status, traffic, () => upkeep.configuration?.outbound.services ?? new Map()),
  };
  const probe = {
    clock,
    questions: () => questionsOf(upkeep.configuration),
    report: status.setApplication.bind(status),
  };
  const parts = [
    followSnapshots(source, (line) => upkeep.receive(line), ending.signal),
    upkeep.run(listeners, ending.signal),
    sendReports(reports, ending.signal),
    deliverObserved({ ...source, outbox }, ending.signal),
    probeApplication(probe, ending.signal),
  ];
  try {
    return await Promise.race([
      stopped(signal, { drain, clock, engine, listeners, upkeep }),
      leftBehind(options, ending.signal),
      Promise.all(parts).then((): SidecarEnd => "stopped"),
    ]);
  } finally {
    ending.abort(new Error("the sidecar ends"));
    engine.close();
    await Promise.allSettled(parts);
  }
}

/** Reports with what has happened since the last one that arrived; most have nothing of that to tell. */
function counting(
  status: Status,
  traffic: Traffic,
  services: () => OutboundRoutes["services"],
): Pick<Reports, "compose" | "undelivered"> {
  const calls = new Calls();
  return {
    compose: () => {
      const [conversations, called] = [traffic.take(), calls.take(services())];
      return {
        ...status.report(),
        ...(conversations.length === 0 ? {} : { traffic: conversations }),
        ...(called.length === 0 ? {} : { calls: called }),
      };
    },
    undelivered: (report) => {
      traffic.giveBack(report.traffic ?? []);
      calls.giveBack(report.calls ?? [], services());
    },
  };
}

/** What the application is asked. */
function questionsOf(configuration: Configuration | undefined): Questions | undefined {
  if (configuration === undefined) return undefined;
  const { snapshot, inbound } = configuration;
  return { ports: snapshot.inbound, check: inbound.check };
}

interface Stopping {
  readonly drain: Drain;
  readonly clock: Clock;
  readonly engine: HttpEngine;
  readonly listeners: Listeners;
  readonly upkeep: Upkeep;
}

/**
 * Resolves once the sidecar was told to stop and what was in flight has finished, or has had its time. With a successor
 * nothing new comes, and connections have time to end as they should: after a response, when their caller closes them.
 */
async function stopped(signal: AbortSignal, parts: Stopping): Promise<SidecarEnd> {
  const { drain, clock, engine, listeners, upkeep } = parts;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  if (!signal.aborted) await promise;
  if (signal.reason === DETACHED) upkeep.releaseNames();
  const isSucceeded = upkeep.leave(listeners);
  const deadline = new AbortController();
  const idle = new AbortController();
  const timer = clock.sleep(isSucceeded ? HAND_OVER_TIME : DRAIN_TIMEOUT, idle.signal).then(
    () => deadline.abort(),
    () => undefined,
  );
  const drained = drain.start(deadline.signal);
  engine.drain();
  await drained;
  if (isSucceeded) await listeners.unused(deadline.signal);
  // What links said last leaves at the end of the turn (`link/flush-soon.ts`).
  await endOfTurn();
  idle.abort();
  await timer;
  return "stopped";
}

/** Resolves when the namespace has been left behind. */
async function leftBehind(
  { clock, interfaces, log }: SidecarOptions,
  signal: AbortSignal,
): Promise<SidecarEnd> {
  const namespace = new StaleNamespace();
  do await clock.sleep(REPORT_INTERVAL, signal);
  while (!namespace.look(interfaces()));
  log.error(
    "the network namespace has only its loopback interface left: the workload was restarted without us",
  );
  return "namespace-left-behind";
}
