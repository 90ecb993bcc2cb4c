// Hosts and the paths within them: the most exact host decides, then the longest path. A host that is not there has nothing,
// and one that is does not borrow from a wider one.
import { normalisePath } from "../match/normalise-path.ts";
import { splitTarget } from "../match/request-view.ts";

interface Entry<T> {
  readonly path: string;
  readonly value: T;
}

/** What was found, and the path as it was judged where that is not the one that came. */
export interface Found<T> {
  /** In lower case, without port. */
  readonly host: string;
  readonly value: T;
  readonly judgedPath: string | undefined;
}

const WILDCARD = "*.";
/** What a wildcard may stand for. */
const LABEL = /^[a-z0-9_-]{1,63}$/;
const ROOT = "/";

export class HostTable<T> {
  /** Longest path first. */
  readonly #hosts = new Map<string, Entry<T>[]>();

  add(host: string, path: string, value: T): void {
    const entries = this.#hosts.get(host) ?? [];
    this.#hosts.set(host, entries);
    entries.push({ path, value });
    entries.sort((a, b) => b.path.length - a.path.length);
  }

  /** `authority`: a host, perhaps with a port; `target`: of a request, with its query. */
  find(authority: string, target: string): Found<T> | undefined {
    const host = hostOf(authority);
    const entries = this.#entries(host);
    if (entries === undefined) return undefined;
    const [first] = entries;
    // Where there is nothing to choose, no path is judged: also one on which two would not agree is the service's.
    if (first !== undefined && first.path === ROOT)
      return { host, value: first.value, judgedPath: undefined };
    const { path } = splitTarget(target);
    const judged = normalisePath(path);
    if (judged === undefined) return undefined;
    const entry = entries.find((each) => isWithin(judged, each.path));
    if (entry === undefined) return undefined;
    return { host, value: entry.value, judgedPath: judged === path ? undefined : judged };
  }

  #entries(host: string): readonly Entry<T>[] | undefined {
    // Nobody is called so.
    if (host.startsWith(WILDCARD)) return undefined;
    const exact = this.#hosts.get(host);
    if (exact !== undefined) return exact;
    const dot = host.indexOf(".");
    if (dot < 0 || !LABEL.test(host.slice(0, dot))) return undefined;
    return this.#hosts.get(`*${host.slice(dot)}`);
  }
}

/** Without the port, and without the dot with which a full name may end. */
function hostOf(authority: string): string {
  const host = authority.replace(/:\d*$/, "").toLowerCase();
  return host.endsWith(".") ? host.slice(0, -1) : host;
}

/** By whole segments. */
function isWithin(path: string, prefix: string): boolean {
  if (prefix === ROOT || path === prefix) return true;
  return path.startsWith(prefix) && path[prefix.length] === "/";
}
