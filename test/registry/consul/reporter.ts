// Registers instances and keeps reporting them as passing, through all failures: what an agent does all day.
import { setTimeout as delay } from "node:timers/promises";
import type { Instance } from "../../../mesh/model.ts";
import type { Catalog } from "../../../registry/catalog.ts";

const INTERVAL = 200;

/** Disposing ends the reports and waits for their end; nothing is deregistered. */
export class Reporter implements AsyncDisposable {
  /** Reports that failed. */
  failures = 0;
  /** While true it says nothing. */
  silent = false;
  readonly #stop = new AbortController();
  readonly #one = new Map<string, { stop: AbortController; done: Promise<void> }>();

  constructor(catalog: Catalog, instances: readonly Instance[]) {
    for (const instance of instances) {
      const stop = new AbortController();
      const signal = AbortSignal.any([stop.signal, this.#stop.signal]);
      this.#one.set(instance.id, { stop, done: this.#run(catalog, instance, signal) });
    }
  }

  /** Stops reporting an instance. */
  async leave(id: string): Promise<void> {
    const one = this.#one.get(id);
    one?.stop.abort();
    await one?.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#one.values()].map(({ done }) => done));
  }

  async #run(catalog: Catalog, instance: Instance, signal: AbortSignal): Promise<void> {
    await catalog.register(instance, signal).catch(() => undefined);
    while (!signal.aborted) {
      try {
        if (!this.silent)
          await catalog.report(instance.id, { health: "passing", note: "200 OK" }, signal);
      } catch {
        this.failures += 1;
      }
      await delay(INTERVAL, undefined, { signal }).catch(() => undefined);
    }
  }
}
