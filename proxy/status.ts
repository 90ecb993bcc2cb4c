// How the sidecar is, gathered from its parts and handed out as one report.

import type { Clock } from "../mesh/clock.ts";
import { Latest } from "../mesh/latest.ts";
import { type ApplicationState, STARTING } from "./check/probe.ts";
import type { EndpointReport, SidecarReport } from "./configuration/snapshot.ts";
import type { Counters } from "./counters.ts";
import type { CalledService } from "./health/called-service.ts";

/** What a problem is about: a new list about a topic replaces the old one. */
export type Topic = "configuration" | "listeners" | "hosts";

export class Status {
  readonly #counters: Counters;
  readonly #clock: Clock;
  readonly #problems = new Map<Topic, readonly string[]>();
  #inForce: Pick<SidecarReport, "version" | "ready"> = { version: undefined, ready: false };
  #application: ApplicationState = STARTING;
  #services: readonly CalledService[] = [];
  #endpointStates = "";
  /** Set whenever something but the counters has changed. */
  readonly changes: Latest<unknown> = new Latest();

  constructor(counters: Counters, clock: Clock) {
    this.#counters = counters;
    this.#clock = clock;
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

  /** The services that are called from now on. */
  setServices(services: readonly CalledService[]): void {
    this.#services = services;
    this.lookAtEndpoints();
  }

  /** Brings the states of endpoints up to the present; a change is news. */
  lookAtEndpoints(): void {
    const states = this.#endpoints().map(
      ({ service, port, id, state }) => `${service}:${port} ${id} ${state}`,
    );
    this.#change(this.#endpointStates, states.join("\n"), (next) => {
      this.#endpointStates = next;
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
      endpoints: this.#endpoints(),
      residentBytes: process.memoryUsage.rss(),
    };
  }

  #endpoints(): EndpointReport[] {
    const wall = this.#clock.wall();
    return this.#services.flatMap((service) => service.report(wall));
  }

  #change<T>(current: T, next: T, store: (next: T) => void): boolean {
    // Plain data with its keys always in one order. Node's own comparison comes with `node:util`, 1 MB of memory.
    if (JSON.stringify(current) === JSON.stringify(next)) return false;
    store(next);
    this.changes.set(undefined);
    return true;
  }
}
