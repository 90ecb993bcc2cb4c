// Reads a catalog's views in the background, as an agent does.
import type { Health, Instance } from "../../mesh/model.ts";
import type { Catalog, CatalogView } from "../../registry/catalog.ts";

/** Keeps every view it was given; disposing ends the reading and waits for its end. */
export class ViewReader implements AsyncDisposable {
  readonly views: CatalogView[] = [];
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(catalog: Catalog) {
    this.#done = this.#read(catalog);
  }

  /** Health by instance id in the newest view; undefined before the first. */
  get healths(): Readonly<Record<string, Health>> | undefined {
    const entries = this.views.at(-1)?.entries;
    return entries && Object.fromEntries(entries.map((entry) => [entry.instance.id, entry.health]));
  }

  /** The newest view's instances. */
  get instances(): readonly Instance[] | undefined {
    return this.views.at(-1)?.entries.map(({ instance }) => instance);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #read(catalog: Catalog): Promise<void> {
    for await (const view of catalog.views(this.#stop.signal)) this.views.push(view);
  }
}
