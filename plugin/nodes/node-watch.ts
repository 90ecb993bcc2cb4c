// Announces this node's agent to all others, and watches over the others: their versions, whether they are heard of and, on a
// manager, whether every node has one.
import type { Clock } from "../../mesh/clock.ts";
import { describeError } from "../../mesh/errors.ts";
import type { Log } from "../../mesh/log.ts";
import type { AgentRegistry, Announcement, KnownAgent } from "../../registry/agents.ts";
import type { SwarmNodeFacts } from "../docker/swarm-nodes.ts";
import type { NodeStatus, Problem } from "../status.ts";
import { assessNodes } from "./assess.ts";
import type { LocalNode } from "./local-node.ts";
import { nodeProblems, passing } from "./node-problems.ts";

/** An announcement must be repeated within three of these, ms. */
const ANNOUNCE_INTERVAL = 10_000;
/** Swarm's nodes are looked at this often, ms: no event tells of what keeps a task from starting. */
const SWARM_INTERVAL = 10_000;
/** After a failure it is tried again after, ms. */
const RETRY = 2_000;
/** What passes by itself as a rule is a problem after, ms: an agent announces itself within 15 s of its task's start. */
const LASTS = 20_000;

export interface NodeWatchParts {
  readonly node: string;
  readonly version: string;
  readonly registry: AgentRegistry;
  readonly engine: {
    /** Undefined on a node that is no manager. */
    swarmNodes(signal: AbortSignal): Promise<readonly SwarmNodeFacts[] | undefined>;
  };
  /** Asked whenever it is needed. */
  readonly local: () => LocalNode;
  readonly clock: Clock;
  readonly log: Log;
}

export class NodeWatch {
  readonly #parts: NodeWatchParts;
  /** Key of `passing` → since when it is so, monotonic, ms. */
  readonly #since = new Map<string, number>();
  #agents: readonly KnownAgent[] = [];
  #swarm: ReadonlyMap<string, SwarmNodeFacts> | undefined;

  constructor(parts: NodeWatchParts) {
    this.#parts = parts;
  }

  /** As known now. */
  get nodes(): readonly NodeStatus[] {
    const { working } = this.#parts.local();
    return assessNodes({ own: this.#own(), agents: this.#agents, working, swarm: this.#swarm });
  }

  get problems(): readonly Problem[] {
    const { clock, local } = this.#parts;
    const { nodes } = this;
    const swarm = this.#swarm;
    const now = clock.monotonic();
    const keys = passing(nodes, swarm);
    const lasting = keys.filter((key) => now - (this.#since.get(key) ?? now) >= LASTS);
    const { agentService } = local();
    return nodeProblems({ nodes, swarm, lasting: new Set(lasting), agentService });
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#followAgents(signal),
      this.#repeat("announce this agent", ANNOUNCE_INTERVAL, signal, async () => {
        await this.#parts.registry.announce(this.#own(), signal);
        this.#noteTime();
      }),
      this.#repeat("look at the swarm's nodes", SWARM_INTERVAL, signal, async () => {
        const nodes = await this.#parts.engine.swarmNodes(signal);
        this.#swarm = nodes && new Map(nodes.map((node) => [node.name, node]));
        this.#noteTime();
      }),
    ]);
  }

  #own(): Announcement {
    const { node, version, local } = this.#parts;
    return { node, version, sidecarVersions: local().sidecarVersions };
  }

  async #followAgents(signal: AbortSignal): Promise<void> {
    for await (const agents of this.#parts.registry.views(signal)) {
      this.#agents = agents;
      this.#noteTime();
    }
  }

  async #repeat(
    what: string,
    interval: number,
    signal: AbortSignal,
    work: () => Promise<void>,
  ): Promise<void> {
    const { clock, log } = this.#parts;
    while (!signal.aborted) {
      let pause = interval;
      try {
        await work();
      } catch (error) {
        if (signal.aborted) return;
        // Whoever cannot is told so where everything else of the engine and the catalog fails, too.
        log.debug(`could not ${what}`, { error: describeError(error) });
        pause = RETRY;
      }
      await clock.sleep(pause, signal).catch(() => undefined);
    }
  }

  #noteTime(): void {
    const now = this.#parts.clock.monotonic();
    const keys = new Set(passing(this.nodes, this.#swarm));
    for (const key of this.#since.keys()) if (!keys.has(key)) this.#since.delete(key);
    for (const key of keys) if (!this.#since.has(key)) this.#since.set(key, now);
  }
}
