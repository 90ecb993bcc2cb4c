// One service as its callers see it. The same object as long as nothing of it changes, for all workloads that see it alike:
// a node has many workloads, and of thousands of services one changes at a time.
import { formatIdentity } from "../../mesh/identity.ts";
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import type {
  Endpoint,
  OutboundPort,
  OutboundService,
} from "../../proxy/configuration/snapshot.ts";
import type { CatalogEntry } from "../../registry/catalog.ts";
import { outboundListenPort } from "../workload/addresses.ts";
import type { Workload } from "../workload/workload.ts";
import type { DirectoryService } from "./directory.ts";
import { digestOf } from "./snapshot-lines.ts";

/** What a service looks like depends on this much of its caller, and of what they share. */
export interface Viewpoint {
  readonly workload: Pick<Workload, "project" | "intercept">;
  readonly networkIds: ReadonlySet<string>;
  readonly node: string;
  readonly trustDomain: string;
  readonly datacenter: string;
}

/** Keeps what it made for as long as somebody asks for it. */
export class OutboundServices {
  readonly #views = new Map<string, OutboundView>();

  /** Everything as seen from there: one view for all workloads to which all looks alike. */
  seenFrom(viewpoint: Viewpoint): OutboundView {
    const { workload, networkIds, node, trustDomain, datacenter } = viewpoint;
    const { project = null, intercept } = workload;
    // A label of a container can hold anything: no text of one part may be taken for another part.
    const parts = [project, intercept, node, trustDomain, datacenter, ...[...networkIds].sort()];
    const key = JSON.stringify(parts);
    const view = this.#views.get(key) ?? new OutboundView(viewpoint);
    this.#views.set(key, view);
    return view;
  }

  /** Forgets what was not asked for since the last call. */
  forgetOthers(): void {
    for (const [key, view] of this.#views) if (!view.forgetOthers()) this.#views.delete(key);
  }
}

interface Made {
  readonly from: DirectoryService;
  readonly policy: PolicyDocument;
  readonly value: OutboundService;
}

/** Services as one kind of caller sees them. */
export class OutboundView {
  readonly #viewpoint: Viewpoint;
  #made: ReadonlyMap<string, Made> = new Map();
  #used = new Map<string, Made>();

  constructor(viewpoint: Viewpoint) {
    this.#viewpoint = viewpoint;
  }

  /** `named`: it has names of its own here; without, it is only reached by way of another one's policy. */
  of(service: DirectoryService, policy: PolicyDocument, named: boolean): OutboundService {
    const key = named ? service.service : ` ${service.service}`;
    const known = this.#used.get(key) ?? this.#made.get(key);
    if (known?.from === service && known.policy === policy) {
      this.#used.set(key, known);
      return known.value;
    }
    const fresh = toOutbound(service, this.#viewpoint, policy, named);
    const same = known !== undefined && digestOf(known.value) === digestOf(fresh);
    const value = same ? known.value : fresh;
    this.#used.set(key, { from: service, policy, value });
    return value;
  }

  /** Forgets what was not asked for since the last call; false when nothing was. */
  forgetOthers(): boolean {
    this.#made = this.#used;
    this.#used = new Map();
    return this.#made.size > 0;
  }
}

function toOutbound(
  service: DirectoryService,
  { workload, networkIds, node, trustDomain, datacenter }: Viewpoint,
  policy: PolicyDocument,
  named: boolean,
): OutboundService {
  const aliases = service.aliases
    .filter(({ project }) => project === workload.project)
    .map(({ alias }) => alias);
  return {
    service: service.service,
    names: named ? [...new Set([...aliases, service.service])].sort() : [],
    address: service.address,
    uri: formatIdentity({ trustDomain, datacenter, service: service.service }),
    policy,
    ports: service.ports.map(
      ({ port, protocol }): OutboundPort => ({
        port,
        listenPort: outboundListenPort(port, workload.intercept),
        protocol,
        endpoints: service.entries.flatMap((entry) => toEndpoint(entry, port, networkIds, node)),
      }),
    ),
  };
}

function toEndpoint(
  entry: CatalogEntry,
  port: number,
  networkIds: ReadonlySet<string>,
  node: string,
): Endpoint[] {
  const { instance, health } = entry;
  const offered = instance.ports.find((candidate) => candidate.port === port);
  const shared = instance.networks.find(({ networkId }) => networkIds.has(networkId));
  if (
    offered === undefined ||
    shared === undefined ||
    (health !== "passing" && health !== "warning")
  )
    return [];
  const { id, version, weight } = instance;
  const place = { address: shared.address, port: offered.sidecarPort };
  return [{ id, ...place, version, weight, sameNode: instance.node === node }];
}
