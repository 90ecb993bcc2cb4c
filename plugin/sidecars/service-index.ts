// Services by what a workload knows them by. Of a mesh's thousands each workload may call a few, and a node has a hundred
// workloads: none of them looks through all services.
import type { Workload } from "../workload/workload.ts";
import type { DirectoryService } from "./directory.ts";

const indexes = new WeakMap<readonly DirectoryService[], ServiceIndex>();

/** The index of a directory's services, made once. */
export function indexOf(services: readonly DirectoryService[]): ServiceIndex {
  const known = indexes.get(services);
  if (known !== undefined) return known;
  const made = new ServiceIndex(services);
  indexes.set(services, made);
  return made;
}

/** All lists are sorted by name. */
export class ServiceIndex {
  readonly #byName = new Map<string, DirectoryService>();
  /** By project, then by short name. */
  readonly #byAlias = new Map<string, Map<string, DirectoryService[]>>();
  readonly #byNetwork = new Map<string, DirectoryService[]>();

  constructor(services: readonly DirectoryService[]) {
    for (const service of services) {
      this.#byName.set(service.service, service);
      for (const id of service.networkIds) append(this.#byNetwork, id, service);
      for (const { project, alias } of service.aliases) {
        const aliases = this.#byAlias.get(project) ?? new Map<string, DirectoryService[]>();
        this.#byAlias.set(project, aliases);
        append(aliases, alias, service);
      }
    }
  }

  /** By a full name, or by a short one within the project. */
  called(name: string, project: string | undefined): readonly DirectoryService[] {
    const full = this.#byName.get(name);
    const aliases = project === undefined ? undefined : this.#byAlias.get(project);
    return distinct([...(full === undefined ? [] : [full]), ...(aliases?.get(name) ?? [])]);
  }

  /** Those that the workload's mesh.upstreams names. */
  namedBy({ upstreams = [], project }: Workload): readonly DirectoryService[] {
    return distinct(upstreams.flatMap((name) => this.called(name, project)));
  }

  /** Those with a short name in the project. */
  ofProject(project: string): readonly DirectoryService[] {
    return distinct([...(this.#byAlias.get(project)?.values() ?? [])].flat());
  }

  /** Those that are on any of these networks. */
  onNetworks(ids: Iterable<string>): readonly DirectoryService[] {
    return distinct([...ids].flatMap((id) => this.#byNetwork.get(id) ?? []));
  }
}

function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

function distinct(services: readonly DirectoryService[]): readonly DirectoryService[] {
  return [...new Set(services)].sort((a, b) => (a.service < b.service ? -1 : 1));
}
