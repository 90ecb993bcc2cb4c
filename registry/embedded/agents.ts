// Agents without a catalog that they share: the one that there is.
import { Latest } from "../../mesh/latest.ts";
import type { AgentRegistry, Announcement, KnownAgent } from "../agents.ts";

/** Keeps the promises of agents.ts in memory. Nobody is ever silent: who asks is who announces. */
export class EmbeddedAgents implements AgentRegistry {
  readonly #changes: Latest<readonly KnownAgent[]> = new Latest();
  readonly #agents = new Map<string, KnownAgent>();

  constructor() {
    this.#changes.set([]);
  }

  async announce(announcement: Announcement, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#agents.set(announcement.node, { ...announcement, hearing: "heard" });
    this.#changes.set([...this.#agents.values()].sort((a, b) => (a.node < b.node ? -1 : 1)));
  }

  views(signal: AbortSignal): AsyncGenerator<readonly KnownAgent[], void, undefined> {
    return this.#changes.values(signal);
  }
}
