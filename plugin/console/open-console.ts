// Puts the console together from the parts of the agent.
import type { RequestListener } from "node:http";
import type { Clock } from "../../mesh/clock.ts";
import type { Log } from "../../mesh/log.ts";
import type { Listening } from "../api/listening.ts";
import type { PolicyState } from "../policy/policy-state.ts";
import type { MeshStatus } from "../status.ts";
import type { TapSources } from "../tap/tap-route.ts";
import { type ConsoleAccess, tellConsole } from "./access.ts";
import { createConsole } from "./console.ts";
import type { ConsoleSettings } from "./console-settings.ts";
import { ConsulProxy } from "./consul-proxy.ts";
import { pageFiles } from "./page-files.ts";
import { createConsoleServer, listenForConsole, readCertificate } from "./serve-console.ts";
import { ConsoleSessions } from "./sessions.ts";
import { openTokens } from "./tokens.ts";
import { type TrafficCounters, TrafficWindow } from "./traffic-window.ts";
import { passUpgrades } from "./upgrade.ts";
import { ViewFeed } from "./view-feed.ts";

export interface ConsoleSources extends Omit<TapSources, "clock"> {
  readonly settings: ConsoleSettings;
  /** Where tokens are kept that nobody gave. */
  readonly stateDirectory: string;
  /** Where the page's files are. */
  readonly pageFolder: string;
  readonly status: () => MeshStatus;
  readonly counters: TrafficCounters;
  readonly policyState: Pick<PolicyState, "intentions">;
  readonly api: RequestListener;
  /** Of the node; undefined with the embedded catalog. */
  readonly consul: { readonly address: string; readonly token: string | undefined } | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** A console that listens. */
export interface OpenConsole extends Listening {
  /** How to get in, for those who may know. */
  readonly access: ConsoleAccess;
  /** The API, and besides how to get into the console and what it watches: only for a socket that is root's alone. */
  readonly withAccess: RequestListener;
  /** Watches the traffic until the signal aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/**
 * Listens until the signal aborts; then everybody is logged out. Throws CONFIGURATION_INVALID for files that cannot be used,
 * and as {@link listenForConsole} does.
 */
export async function openConsole(
  sources: ConsoleSources,
  signal: AbortSignal,
): Promise<OpenConsole> {
  const { settings, clock, log, api } = sources;
  const tokens = await openTokens(settings, sources.stateDirectory);
  const certificate = await readCertificate(settings.tls);
  const server = createConsoleServer(certificate);
  const page = await pageFiles(sources.pageFolder);
  const window = new TrafficWindow(sources.counters, clock);
  const sessions = new ConsoleSessions(clock);
  const consul = sources.consul && new ConsulProxy({ ...sources.consul, log });
  const isSecure = certificate !== undefined;
  const guard = { names: { hosts: settings.hosts, certificate: certificate?.leaf }, isSecure };
  const parts = {
    ...{ ...sources, ...guard, tokens, sessions, page, consul: consul?.handler },
    feed: new ViewFeed(() => ({ status: sources.status(), edges: window.edges }), clock),
    intentions: () => sources.policyState.intentions,
  };
  server.on("request", createConsole(parts));
  server.on("upgrade", passUpgrades(parts, consul));
  const listening = await listenForConsole(server, settings, signal);
  const end = (): void => {
    sessions[Symbol.dispose]();
    consul?.[Symbol.dispose]();
  };
  signal.addEventListener("abort", end, { once: true });
  const access = { ...tokens, port: listening.port, isSecure };
  return {
    ...{ ...listening, access, withAccess: tellConsole(api, access, () => window.edges) },
    run: async (within) => await window.run(within),
  };
}
