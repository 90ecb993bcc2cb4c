// Which hosts outside may be called, made ready for the request path: found by where a connection was accepted, which says
// its port, and by the name that it bears.
import { placeOf } from "../configuration/place.ts";
import type { OutsideHost } from "../configuration/snapshot.ts";

export class OutsideHosts {
  readonly #ports: ReadonlyMap<string, number>;
  /** By `name:port`. */
  readonly #listed: ReadonlySet<string>;

  constructor(hosts: readonly OutsideHost[]) {
    this.#ports = new Map(
      hosts.map(({ listen, port }) => [placeOf(listen.address, listen.port), port]),
    );
    this.#listed = new Set(hosts.map(({ name, port }) => placeOf(name, port)));
  }

  /** The port that was called, of a connection that was accepted there. */
  portAt(place: string): number | undefined {
    return this.#ports.get(place);
  }

  /**
   * The entry by which a name, in lower case, may be called: its own, or that of the longest end of it. `*.` stands for one or
   * more labels. Undefined without.
   */
  entryOf(name: string, port: number): string | undefined {
    if (this.#listed.has(placeOf(name, port))) return name;
    for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) {
      const entry = `*${name.slice(dot)}`;
      if (this.#listed.has(placeOf(entry, port))) return entry;
    }
    return undefined;
  }
}
