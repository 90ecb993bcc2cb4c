// Retries, ejections and limits in the way, service by service, as differences to what was told before. The parts that count
// never hear of this: they are asked for their totals when a report is due.
import type { CallLimit, CallsReport } from "../configuration/calls-report.ts";
import type { KnownService } from "../configuration/outbound-routes.ts";
import type { ServiceConduct } from "../resilience/service-conduct.ts";

type Counts = Pick<CallsReport, "retries" | "ejections" | "overflows">;

const NOTHING: Counts = { retries: 0, ejections: 0, overflows: {} };

export class Calls {
  /** What was told, for as long as the service is known. */
  readonly #told = new WeakMap<ServiceConduct, Counts>();

  /** Of the services about which there has ever been something to tell; from then on it is counted anew. */
  take(services: ReadonlyMap<string, KnownService>): readonly CallsReport[] {
    const reports: CallsReport[] = [];
    for (const [service, known] of services) {
      const totals = totalsOf(known);
      const open = known.conduct.reached();
      if (isNothing(totals) && open.length === 0) continue;
      const before = this.#told.get(known.conduct) ?? NOTHING;
      this.#told.set(known.conduct, totals);
      reports.push({ service, ...combined(totals, before, -1), open });
    }
    return reports;
  }

  /** Nobody has heard of what was taken: it is still to be told. */
  giveBack(reports: readonly CallsReport[], services: ReadonlyMap<string, KnownService>): void {
    for (const report of reports) {
      const conduct = services.get(report.service)?.conduct;
      if (conduct === undefined) continue;
      this.#told.set(conduct, combined(this.#told.get(conduct) ?? NOTHING, report, -1));
    }
  }
}

function totalsOf({ conduct, ports }: KnownService): Counts {
  let ejections = 0;
  for (const called of ports.values()) ejections += called.ejections;
  return { retries: conduct.retries, ejections, overflows: conduct.overflows() };
}

function isNothing({ retries, ejections, overflows }: Counts): boolean {
  return retries === 0 && ejections === 0 && Object.keys(overflows).length === 0;
}

function combined(one: Counts, other: Counts, sign: 1 | -1): Counts {
  const overflows: Partial<Record<CallLimit, number>> = {};
  const names = new Set([...Object.keys(one.overflows), ...Object.keys(other.overflows)]);
  for (const name of names as Set<CallLimit>) {
    const count = (one.overflows[name] ?? 0) + sign * (other.overflows[name] ?? 0);
    if (count !== 0) overflows[name] = count;
  }
  return {
    retries: one.retries + sign * other.retries,
    ejections: one.ejections + sign * other.ejections,
    overflows,
  };
}
