// What is known of Swarm's services on every node: only managers can read services, so they record here what the mesh needs
// of them, and all agents read it. `consul/` and `embedded/` keep the promises; test/registry/swarm-services-conformance.ts
// is a suite.

/** A service as a manager found it. */
export interface SwarmService {
  /** The engine's id, unique over all swarms. */
  readonly id: string;
  /** The id of the swarm that it belongs to: several may share a catalog. */
  readonly swarm: string;
  /** With its stack's name in front, as `docker service ls` shows it. */
  readonly name: string;
  /** Swarm's version of the service: grows with each change and never goes back. */
  readonly version: number;
  /** Those of its labels (`deploy.labels`) that begin with `mesh.`, in any letter case. */
  readonly labels: Readonly<Record<string, string>>;
}

/** All that is recorded at one moment. Immutable. */
export interface SwarmServicesView {
  /** By id. */
  readonly services: ReadonlyMap<string, SwarmService>;
  /** What is kept but cannot be read, each a sentence for people; the last good one stays in `services`. */
  readonly problems: readonly string[];
}

/**
 * Promises:
 * 1. `record` keeps each service that is newer, by its version, than what is kept of it, and leaves the others as they are:
 *    whoever comes late with old news changes nothing, and of several at once the newest stays.
 * 2. `remove` removes what is kept unless it is newer than that version; what is not there is removed already.
 * 3. `views` gives the current view first and then a newer one after each change, newest only; an outage yields nothing.
 *    What is recorded in one call where there is nothing yet is seen at once, or service by service from a shared catalog.
 * 4. Failures are MeshErrors (CATALOG_UNAVAILABLE, CATALOG_REFUSED); an abort rejects promptly, `views` ends.
 */
export interface SwarmServices {
  record(services: readonly SwarmService[], signal: AbortSignal): Promise<void>;
  remove(id: string, version: number, signal: AbortSignal): Promise<void>;
  views(signal: AbortSignal): AsyncIterable<SwarmServicesView>;
}
