// All services and endpoints as the sidecars of this node may know them. Pure.
// Entries of this node are what the node itself knows, those of others what the catalog says: local news need no detour,
// and a catalog that is away or late never outlives the containers that this agent watches.
import { isDeepStrictEqual } from "node:util";
import type { Health, Instance, ServicePort } from "../../mesh/model.ts";
import type { CatalogEntry } from "../../registry/catalog.ts";
import type { Problem } from "../status.ts";
import { SHIFTABLE_PORTS, virtualAddresses } from "../workload/addresses.ts";
import type { LocalHealth } from "../workload/health.ts";
import type { KnownService } from "../workload/workload.ts";

export interface DirectoryService {
  readonly service: string;
  /** Short names, each good within one project. */
  readonly aliases: readonly { readonly project: string; readonly alias: string }[];
  readonly ports: readonly ServicePort[];
  /** Of all known copies, running or not. */
  readonly networkIds: ReadonlySet<string>;
  readonly entries: readonly CatalogEntry[];
  readonly address: string;
}

export interface Directory {
  readonly services: readonly DirectoryService[];
  readonly problems: readonly Problem[];
}

/** This node's workloads as it knows them; an instance of this node that is not among them is gone. */
export interface LocalInstance {
  readonly instance: Instance;
  readonly health: LocalHealth["health"];
}

/** What this node knows of itself. */
export interface LocalTruth {
  readonly node: string;
  readonly workloads: readonly LocalInstance[];
  /** Ids of its containers of which the catalog knows more for now. */
  readonly undecided: ReadonlySet<string>;
}

/**
 * The catalog's entries corrected by what this node knows of its own. With the catalog away, its own healthy instances
 * count even when the catalog has not heard of them.
 */
export function correctLocalEntries(
  entries: readonly CatalogEntry[],
  { node, workloads, undecided }: LocalTruth,
  catalogReachable: boolean,
): CatalogEntry[] {
  const own = new Map(workloads.map((entry) => [entry.instance.id, entry]));
  const corrected = entries.flatMap((entry) => {
    if (entry.instance.node !== node || undecided.has(entry.instance.containerId)) return [entry];
    const known = own.get(entry.instance.id);
    own.delete(entry.instance.id);
    return known === undefined
      ? []
      : [{ instance: known.instance, health: knownHealth(known.health) ?? entry.health }];
  });
  const unheard = catalogReachable
    ? []
    : [...own.values()].filter(({ health }) => health === "passing");
  const added = unheard.map(({ instance }): CatalogEntry => ({ instance, health: "passing" }));
  // Views are sorted already.
  if (added.length === 0) return corrected;
  return [...corrected, ...added].sort((a, b) => (a.instance.id < b.instance.id ? -1 : 1));
}

/** Undefined when this node does not know better than the catalog. */
function knownHealth(health: LocalHealth["health"]): Health | undefined {
  if (health === "unknown") return undefined;
  return health === "starting" ? "critical" : health;
}

/**
 * Groups entries by service, together with services of which no copy may be running. Sorted by name. A service of which
 * nothing has changed is the object of the directory before.
 */
export function buildDirectory(
  entries: readonly CatalogEntry[],
  known: readonly KnownService[],
  before: Directory = NOTHING,
): Directory {
  const problems: Problem[] = [];
  const entriesOf = Map.groupBy(entries, ({ instance }) => instance.service);
  const knownOf = Map.groupBy(known, ({ service }) => service);
  const earlier = new Map(before.services.map((service) => [service.service, service]));
  const names = [...new Set([...entriesOf.keys(), ...knownOf.keys()])].sort();
  const addresses = isSameNames(names, before.services)
    ? new Map(before.services.map(({ service, address }) => [service, address]))
    : virtualAddresses(names);
  const services = names.map((service) => {
    const address = addresses.get(service) ?? "";
    const source = {
      service,
      address,
      entries: entriesOf.get(service),
      known: knownOf.get(service),
    };
    const made = makeService(source, earlier.get(service));
    problems.push(...(origins.get(made)?.problems ?? []));
    return made;
  });
  return { services, problems };
}

interface ServiceSource {
  readonly service: string;
  readonly address: string;
  readonly entries: readonly CatalogEntry[] | undefined;
  readonly known: readonly KnownService[] | undefined;
}

interface Origin {
  readonly known: readonly KnownService[];
  readonly problems: readonly Problem[];
}

/** What services were made of besides their entries, so that most need not be made again to see that they are the same. */
const origins = new WeakMap<DirectoryService, Origin>();

function makeService(
  { service, address, entries = [], known = [] }: ServiceSource,
  last: DirectoryService | undefined,
): DirectoryService {
  if (last?.address === address && isMadeOf(last, entries, known)) return last;
  const offers = [...entries.map(({ instance }) => offerOf(instance)), ...known];
  const problems: Problem[] = [];
  const fresh = {
    service,
    aliases: uniqueAliases(offers),
    ports: mergePorts(service, entries, offers, problems),
    networkIds: new Set(offers.flatMap(({ networkIds }) => networkIds)),
    entries,
    address,
  };
  const made = last !== undefined && isSame(last, fresh) ? last : fresh;
  origins.set(made, { known, problems });
  return made;
}

function isSameNames(names: readonly string[], services: readonly DirectoryService[]): boolean {
  return (
    names.length === services.length &&
    names.every((name, index) => services[index]?.service === name)
  );
}

/** Whether these are the very same objects. */
function isMadeOf(
  service: DirectoryService,
  entries: readonly CatalogEntry[],
  known: readonly KnownService[],
): boolean {
  const before = origins.get(service);
  return (
    before?.known.length === known.length &&
    service.entries.length === entries.length &&
    service.entries.every((entry, index) => entry === entries[index]) &&
    before.known.every((each, index) => each === known[index])
  );
}

const NOTHING: Directory = { services: [], problems: [] };

function isSame(a: DirectoryService, b: DirectoryService): boolean {
  return (
    a.address === b.address &&
    a.entries.length === b.entries.length &&
    a.entries.every((entry, index) => isSameEntry(entry, b.entries[index])) &&
    a.networkIds.symmetricDifference(b.networkIds).size === 0 &&
    isDeepStrictEqual([a.aliases, a.ports], [b.aliases, b.ports])
  );
}

/** Those of the catalog are the same objects for as long as nothing has changed, those of this node are not. */
function isSameEntry(a: CatalogEntry, b: CatalogEntry | undefined): boolean {
  if (a.health !== b?.health) return false;
  return a.instance === b.instance || isDeepStrictEqual(a.instance, b.instance);
}

type Source = Pick<Instance, "service" | "alias" | "project" | "ports" | "networks">;

const knownServices = new WeakMap<Source, KnownService>();

/** The same object for the same source, by which it is seen that nothing is new. */
export function toKnownService(source: Source): KnownService {
  const before = knownServices.get(source);
  if (before !== undefined) return before;
  const known = offerOf(source);
  knownServices.set(source, known);
  return known;
}

function offerOf({ service, alias, project, ports, networks }: Source): KnownService {
  return {
    ...{ service, alias, project },
    ports: ports.map(({ name, port, protocol }) => ({ name, port, protocol })),
    networkIds: networks.map(({ networkId }) => networkId),
  };
}

function uniqueAliases(offers: readonly KnownService[]): { project: string; alias: string }[] {
  const found = new Map<string, { project: string; alias: string }>();
  for (const { project, alias } of offers) {
    if (project !== undefined && alias !== undefined)
      found.set(`${project} ${alias}`, { project, alias });
  }
  return [...found.values()];
}

/** The union of all copies' ports; where copies disagree about a port's protocol the first by id is right. */
function mergePorts(
  service: string,
  entries: readonly CatalogEntry[],
  offers: readonly KnownService[],
  problems: Problem[],
): ServicePort[] {
  const ports = new Map<number, ServicePort>();
  for (const port of offers.flatMap((offer) => offer.ports)) {
    if (!ports.has(port.port)) ports.set(port.port, port);
  }
  for (const { instance } of entries) {
    for (const { port, protocol } of instance.ports) {
      const agreed = ports.get(port)?.protocol ?? protocol;
      if (agreed === protocol) continue;
      const message = `port ${port} of service ${service} is ${protocol} here and ${agreed} in another container: give them the same mesh.protocol or another mesh.service`;
      problems.push({ subject: instance.containerName, code: "LABEL_CONFLICT", message });
    }
  }
  return [...ports.values()]
    .filter(({ port }) => !meetsShifted(service, port, ports, problems))
    .sort((a, b) => a.port - b.port);
}

/** Two of a service's ports may want one listener, since low ones are listened on with their high bit set. */
function meetsShifted(
  service: string,
  port: number,
  ports: ReadonlyMap<number, ServicePort>,
  problems: Problem[],
): boolean {
  const low = port - SHIFTABLE_PORTS;
  if (!ports.has(low)) return false;
  const message = `ports ${low} and ${port} of service ${service} differ by ${SHIFTABLE_PORTS}, which the mesh needs to tell them apart: ${port} cannot be called, let the application listen elsewhere`;
  problems.push({ subject: service, code: "LABEL_CONFLICT", message });
  return true;
}
