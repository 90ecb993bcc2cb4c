// What a manager's agent has to write into the catalog about its swarm's services, as a value: listing × catalog → changes.
// Pure. It never goes back: what the catalog has in a newer version than this manager is some other manager's news.
import { isDeepStrictEqual } from "node:util";
import type { SwarmService } from "../../registry/swarm-services.ts";
import type { ServiceListing } from "../docker/swarm-facts.ts";

export interface RecordChanges {
  readonly record: readonly SwarmService[];
  readonly remove: readonly Pick<SwarmService, "id" | "version">[];
}

/** `isGone` says of a recorded service that the listing lacks whether it was removed, and not only unheard of here. */
export function planRecords(
  { swarm, services }: ServiceListing,
  kept: ReadonlyMap<string, SwarmService>,
  isGone: (service: SwarmService) => boolean,
): RecordChanges {
  const listed = new Set(services.map(({ id }) => id));
  return {
    record: services.filter((service) => isNews(service, kept.get(service.id))),
    remove: [...kept.values()]
      .filter((service) => service.swarm === swarm && !listed.has(service.id) && isGone(service))
      .map(({ id, version }) => ({ id, version })),
  };
}

/** A service that lost its last label stays recorded without any, so that nobody's old news brings them back. */
function isNews(service: SwarmService, kept: SwarmService | undefined): boolean {
  if (kept === undefined) return Object.keys(service.labels).length > 0;
  const isSame = kept.name === service.name && isDeepStrictEqual(kept.labels, service.labels);
  return !isSame && service.version > kept.version;
}
