// The mesh's agents in Consul: a service with one instance on each node, whose metadata holds the versions and whose check the
// agent feeds. So Consul's UI shows them, and Consul itself finds out who is silent.
import { isDeepStrictEqual } from "node:util";
import { type Clock, systemClock } from "../../mesh/clock.ts";
import type { AgentRegistry, Announcement, Hearing, KnownAgent } from "../agents.ts";
import { follow } from "./blocking-query.ts";
import type { Answer, BlockingQuery, ConsulClient } from "./client.ts";
import { ConsulAnswerError } from "./errors.ts";
import type { HealthEntry, ServiceDefinition } from "./types.ts";

/** The name of the service. It carries no tag of the mesh's, so that nobody takes it for one to call. */
export const AGENT_SERVICE = "docker-mesh-agent";

const TIME_TO_LIVE = "30s";
const FORGOTTEN_AFTER = "10m";
// What notices that Consul hangs.
const LONGEST_WAIT = 10_000;
const VERSION = /^[\w.+-]{1,64}$/;
/** For sidecars without a version, since an empty text between commas is hard to see. */
const UNVERSIONED = "none";

export interface ConsulAgentsOptions {
  /** Stays the caller's, who disposes it after the last call. */
  readonly client: ConsulClient;
  readonly clock?: Clock;
}

/** Keeps the promises of agents.ts with Consul. */
export class ConsulAgents implements AgentRegistry {
  readonly #client: ConsulClient;
  readonly #clock: Clock;
  #registered: Announcement | undefined;

  constructor({ client, clock = systemClock }: ConsulAgentsOptions) {
    this.#client = client;
    this.#clock = clock;
  }

  async announce(announcement: Announcement, signal: AbortSignal): Promise<void> {
    if (!isDeepStrictEqual(this.#registered, announcement)) {
      await this.#register(announcement, signal);
      return;
    }
    try {
      await this.#report(announcement, signal);
    } catch (error) {
      // Consul answers an error for a check that it does not have: it has lost its state.
      if (!(error instanceof ConsulAnswerError) || error.status === 403) throw error;
      await this.#register(announcement, signal);
    }
  }

  async *views(signal: AbortSignal): AsyncGenerator<readonly KnownAgent[], void, undefined> {
    let last: readonly KnownAgent[] | undefined;
    const read = (
      query: BlockingQuery,
      within: AbortSignal,
    ): Promise<Answer<readonly HealthEntry[]>> => {
      const wait = Math.min(query.wait, LONGEST_WAIT);
      return this.#client.serviceHealth(AGENT_SERVICE, { ...query, wait }, within);
    };
    for await (const entries of follow(read, { clock: this.#clock }, signal)) {
      const agents = entries
        .map(toAgent)
        .filter((agent) => agent !== undefined)
        .sort((a, b) => (a.node < b.node ? -1 : 1));
      if (isDeepStrictEqual(agents, last)) continue;
      last = agents;
      yield agents;
    }
  }

  async #register(announcement: Announcement, signal: AbortSignal): Promise<void> {
    await this.#client.registerService(toDefinition(announcement), signal);
    await this.#report(announcement, signal);
    this.#registered = announcement;
  }

  async #report({ node, version }: Announcement, signal: AbortSignal): Promise<void> {
    const note = `docker-mesh ${version} is at work`;
    await this.#client.updateCheck(checkId(node), "passing", note, signal);
  }
}

function toDefinition({ node, version, sidecarVersions }: Announcement): ServiceDefinition {
  return {
    ID: `${AGENT_SERVICE}-${node}`,
    Name: AGENT_SERVICE,
    Tags: [`version=${version}`],
    Address: "",
    Port: 0,
    Meta: {
      "mesh-agent-node": node,
      "mesh-agent-version": version,
      "mesh-agent-sidecars": sidecarVersions.map((each) => each || UNVERSIONED).join(","),
    },
    Checks: [
      {
        CheckID: checkId(node),
        Name: "the mesh's agent on this node",
        TTL: TIME_TO_LIVE,
        Status: "critical",
        DeregisterCriticalServiceAfter: FORGOTTEN_AFTER,
      },
    ],
  };
}

function checkId(node: string): string {
  return `${AGENT_SERVICE}-${node}:alive`;
}

/** Whoever can write to Consul can write anything. */
function toAgent({ Service: { Meta }, Checks }: HealthEntry): KnownAgent | undefined {
  const node = Meta?.["mesh-agent-node"];
  const version = Meta?.["mesh-agent-version"];
  const sidecars = (Meta?.["mesh-agent-sidecars"] ?? "").split(",").filter(Boolean);
  if (node === undefined || version === undefined) return undefined;
  if (![version, ...sidecars].every((each) => VERSION.test(each))) return undefined;
  const sidecarVersions = sidecars.map((each) => (each === UNVERSIONED ? "" : each)).sort();
  return { node, version, sidecarVersions, hearing: hearingOf(Checks) };
}

/** What gossip says of a node stands in the check `serfHealth` of all that is on it. */
function hearingOf(checks: HealthEntry["Checks"]): Hearing {
  const critical = checks.filter(({ Status }) => Status === "critical");
  if (critical.some(({ CheckID }) => CheckID === "serfHealth")) return "lost";
  return critical.length > 0 ? "silent" : "heard";
}
