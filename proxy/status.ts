// How the sidecar is, gathered from its parts and handed out as one report.
import { Latest } from "../mesh/latest.ts";
import { type ApplicationState, STARTING } from "./check/probe.ts";
import type { SidecarReport } from "./configuration/snapshot.ts";
import type { Counters } from "./counters.ts";

/** What a problem is about: a new list about a topic replaces the old one. */
export type Topic = "configuration" | "listeners" | "hosts";

export class Status {
  readonly #counters: Counters;
  readonly #problems = new Map<Topic, readonly string[]>();
  #inForce: Pick<SidecarReport, "version" | "ready"> = { version: undefined, ready: false };
  #application: ApplicationState = STARTING;
  /** Set whenever something but the counters has changed. */
  readonly changes: Latest<unknown> = new Latest();

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  setInForce(version: string, ready: boolean): void {
    this.#change(this.#inForce, { version, ready }, (next) => {
      this.#inForce = next;
    });
  }

  setApplication(state: ApplicationState): void {
    this.#change(this.#application, state, (next) => {
      this.#application = next;
    });
  }

  /** True when that is news. */
  setProblems(topic: Topic, problems: readonly string[]): boolean {
    return this.#change(this.#problems.get(topic) ?? [], problems, (next) => {
      this.#problems.set(topic, next);
    });
  }

  /** The report of this moment. */
  report(): SidecarReport {
    return {
      ...this.#inForce,
      ...this.#application,
      problems: [...this.#problems.values()].flat(),
      counters: this.#counters.read(),
      endpoints: [],
      residentBytes: process.memoryUsage.rss(),
    };
  }

  #change<T>(current: T, next: T, store: (next: T) => void): boolean {
    // Plain data with its keys always in one order. Node's own comparison comes with `node:util`, 1 MB of memory.
    if (JSON.stringify(current) === JSON.stringify(next)) return false;
    store(next);
    this.changes.set(undefined);
    return true;
  }
}
