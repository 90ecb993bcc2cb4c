// Tells the catalog how this node's registered instances are: at once when it changes, and again before the catalog's
// time to live runs out. A catalog that is away is asked again; only the newest word counts.
import type { Clock } from "../../mesh/clock.ts";
import { describeError } from "../../mesh/errors.ts";
import { Latest } from "../../mesh/latest.ts";
import type { Log } from "../../mesh/log.ts";
import type { Catalog, HealthReport } from "../../registry/catalog.ts";

/** A third of the catalog's time to live of 30 s, so that two attempts may fail, ms. */
const REPEAT_AFTER = 10_000;
const RETRY_AFTER = 1_000;

interface Told extends HealthReport {
  readonly dueAt: number;
}

export class HealthFeed {
  readonly #catalog: Catalog;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #wanted = new Latest<ReadonlyMap<string, HealthReport>>();
  readonly #told = new Map<string, Told>();

  constructor(catalog: Catalog, clock: Clock, log: Log) {
    this.#catalog = catalog;
    this.#clock = clock;
    this.#log = log;
  }

  /** What is true now, by instance id; instances that are not in it are not spoken of. */
  set(reports: ReadonlyMap<string, HealthReport>): void {
    this.#wanted.set(reports);
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const ticking = this.#tick(signal);
    for await (const reports of this.#wanted.values(signal)) {
      for (const id of this.#told.keys()) if (!reports.has(id)) this.#told.delete(id);
      const due = [...reports].filter(([id, report]) => this.#isDue(id, report));
      await Promise.all(due.map(([id, report]) => this.#tell(id, report, signal)));
    }
    await ticking;
  }

  /** Looks at the same reports again each second: that is when repetitions fall due. */
  async #tick(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(RETRY_AFTER, signal).catch(() => undefined);
      if (this.#wanted.value !== undefined && !signal.aborted) this.#wanted.set(this.#wanted.value);
    }
  }

  #isDue(id: string, report: HealthReport): boolean {
    const told = this.#told.get(id);
    if (told === undefined || told.health !== report.health) return true;
    return this.#clock.monotonic() >= told.dueAt;
  }

  async #tell(id: string, report: HealthReport, signal: AbortSignal): Promise<void> {
    try {
      await this.#catalog.report(id, report, signal);
      this.#told.set(id, { ...report, dueAt: this.#clock.monotonic() + REPEAT_AFTER });
    } catch (error) {
      if (!signal.aborted)
        this.#log.debug("health not taken by the catalog", { id, error: describeError(error) });
    }
  }
}
