// Writes down what the catalog says of a service and which endpoints its callers have, for as long as it runs.
import { setTimeout as pause } from "node:timers/promises";
import type { CatalogBreak, CatalogSeen, SnapshotBreak, SnapshotSeen } from "./observations.ts";

/** One answer of the catalog. */
export type CatalogAnswer = Omit<CatalogSeen, "at">;

export interface Sources {
  /**
   * What the catalog says once it is at another version than `index` (0: at once), or after some seconds. Throws when it
   * cannot be asked.
   */
  catalog(index: number, signal: AbortSignal): Promise<CatalogAnswer>;
  /** What the sidecars of callers have, again and again; ends when the agent does. */
  snapshots(signal: AbortSignal): AsyncIterable<readonly SnapshotSeen[]>;
}

/** Milliseconds until somebody who is away is asked again. */
const AGAIN = 250;

export class Recorder implements AsyncDisposable {
  readonly catalog: (CatalogSeen | CatalogBreak)[] = [];
  readonly snapshots: (SnapshotSeen | SnapshotBreak)[] = [];
  readonly #sources: Sources;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  /** Begins at once. */
  constructor(sources: Sources) {
    this.#sources = sources;
    const { signal } = this.#stop;
    this.#running = Promise.all([this.#followCatalog(signal), this.#followSnapshots(signal)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #followCatalog(signal: AbortSignal): Promise<void> {
    let index = 0;
    let highest = 0;
    while (!signal.aborted) {
      try {
        const answer = await this.#sources.catalog(index, signal);
        // A Consul that was killed speaks of the past until it has read its log.
        if (index === 0 && answer.index < highest) throw new Error("it speaks of the past");
        index = answer.index;
        highest = Math.max(highest, index);
        this.catalog.push({ at: Date.now(), ...answer });
      } catch {
        if (signal.aborted) return;
        const last = this.catalog.at(-1);
        if (last !== undefined && "index" in last)
          this.catalog.push({ at: Date.now(), broken: true });
        index = 0;
        await pause(AGAIN, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #followSnapshots(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const seen of this.#sources.snapshots(signal)) this.snapshots.push(...seen);
      } catch {
        // The agent is away, which is one of the things that happen.
      }
      const last = this.snapshots.at(-1);
      if (last !== undefined && "caller" in last)
        this.snapshots.push({ at: Date.now(), broken: true });
      await pause(AGAIN, undefined, { signal }).catch(() => undefined);
    }
  }
}
