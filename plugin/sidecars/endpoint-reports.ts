// What sidecars say of endpoints, kept without keeping everything twice: each of a node's sidecars names all endpoints that it may
// call, every few seconds, and hardly anything of it is new.
import type { ValuePool } from "../../mesh/value-pool.ts";
import type { EndpointReport } from "../../proxy/configuration/snapshot.ts";

/** The same reports, those that say what they said before as the objects of before. */
export function sharedReports(
  before: readonly EndpointReport[],
  now: readonly EndpointReport[],
  pool: ValuePool,
): readonly EndpointReport[] {
  return now.map((report, index) => {
    const last = before[index];
    return last !== undefined && isSame(last, report) ? last : pooled(report, pool);
  });
}

function isSame(a: EndpointReport, b: EndpointReport): boolean {
  for (const name of Object.keys(b) as (keyof EndpointReport)[])
    if (a[name] !== b[name]) return false;
  return true;
}

function pooled(report: EndpointReport, pool: ValuePool): EndpointReport {
  return { ...report, service: pool.text(report.service), id: pool.text(report.id) };
}
