// Reads a catalog's views in the background, as an agent does.
import assert from "node:assert/strict";
import type { Health, Instance } from "../../mesh/model.ts";
import type { Catalog, CatalogView } from "../../registry/catalog.ts";
import { eventually } from "../helpers/eventually.ts";

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

/**
 * On a busy machine the time to live of a single report may be over before a reader has been told of it, which would then
 * never see it.
 */
export function reportUntilSeen(
  catalog: Catalog,
  reader: ViewReader,
  id: string,
  health: Health,
  signal: AbortSignal,
): Promise<void> {
  const from = Math.max(0, reader.views.length - 1);
  const isSeen = ({ entries }: CatalogView): boolean =>
    entries.some((entry) => entry.instance.id === id && entry.health === health);
  return eventually(
    async () => {
      await catalog.report(id, { health, note: "said" }, signal);
      assert.ok(reader.views.slice(from).some(isSeen), `${id} is never seen ${health}`);
    },
    { timeout: 10_000 },
  );
}
