// The one interface to where services are recorded, with its promises. `consul/` and `embedded/` keep them all;
// test/registry/catalog-conformance.ts is these promises as a suite.
import type { Health, Instance } from "../mesh/model.ts";

/** What the sidecar's own probe of the application, and Docker's HEALTHCHECK, say. */
export interface HealthReport {
  readonly health: Health;
  /** Shown beside the check in Consul's UI; a short sentence. */
  readonly note: string;
}

/** An instance and how it is. */
export interface CatalogEntry {
  readonly instance: Instance;
  readonly health: Health;
}

/** Everything the catalog knows of the mesh at one moment. Immutable. */
export interface CatalogView {
  /** Sorted by instance id; critical and draining ones included, so that readers can tell "none healthy" from "none". */
  readonly entries: readonly CatalogEntry[];
}

/** Whether the catalog answers now, and since when (wall clock, ms) it does or does not. */
export interface CatalogStatus {
  readonly reachable: boolean;
  readonly since: number;
  /** What went wrong last, for people. */
  readonly problem: string | undefined;
}

/**
 * Promises:
 * 1. `register` is an upsert by instance id, and idempotent; all of an instance becomes visible at once or not at all.
 * 2. A registration says nothing false: a new instance is critical until its first `report`, and an upsert keeps its health.
 * 3. `deregister` of an unknown id succeeds. After it resolves, no later view holds the instance, until it is registered again.
 * 4. `registered` lists this node's instances, whoever registered them: the base for removing what is no more.
 * 5. `views` gives the current view first, then a newer one after each change, newest only (a slow reader skips);
 *    an outage yields nothing: the last view stays true, and an empty one is never made up. Equal views are not repeated.
 * 6. A health that is not repeated within the time to live becomes critical; later the instance is forgotten.
 * 7. Every failure is a MeshError: CATALOG_UNAVAILABLE (try again) or CATALOG_REFUSED (it will not get better by itself).
 * 8. Every method rejects promptly with the signal's reason when it aborts; `views` ends instead.
 */
export interface Catalog {
  register(instance: Instance, signal: AbortSignal): Promise<void>;
  report(instanceId: string, report: HealthReport, signal: AbortSignal): Promise<void>;
  deregister(instanceId: string, signal: AbortSignal): Promise<void>;
  registered(signal: AbortSignal): Promise<readonly Instance[]>;
  views(signal: AbortSignal): AsyncIterable<CatalogView>;
  status(): CatalogStatus;
}
