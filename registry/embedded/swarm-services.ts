// Swarm's services in the memory of the one agent that there is: for a swarm of one node without Consul. Its agent, on the
// manager, finds them again after a restart.
import { Latest } from "../../mesh/latest.ts";
import type { SwarmService, SwarmServices, SwarmServicesView } from "../swarm-services.ts";

/** Keeps the promises of swarm-services.ts in memory; a new one starts empty. */
export class EmbeddedSwarmServices implements SwarmServices {
  readonly #changes: Latest<SwarmServicesView> = new Latest();
  #services: ReadonlyMap<string, SwarmService> = new Map();

  constructor() {
    this.#show(new Map());
  }

  async record(services: readonly SwarmService[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const next = new Map(this.#services);
    const isNews = ({ id, version }: SwarmService): boolean =>
      version > (next.get(id)?.version ?? -1);
    const news = services.filter(isNews);
    if (news.length === 0) return;
    // Of two in one call the newer one stays, too.
    for (const service of news) if (isNews(service)) next.set(service.id, service);
    this.#show(next);
  }

  async remove(id: string, version: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const kept = this.#services.get(id);
    if (kept === undefined || kept.version > version) return;
    const next = new Map(this.#services);
    next.delete(id);
    this.#show(next);
  }

  views(signal: AbortSignal): AsyncGenerator<SwarmServicesView, void, undefined> {
    return this.#changes.values(signal);
  }

  #show(services: ReadonlyMap<string, SwarmService>): void {
    this.#services = services;
    this.#changes.set({ services, problems: [] });
  }
}
