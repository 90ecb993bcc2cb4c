// What pages are shown of the mesh, as text that all of them share. Computed while somebody looks, and then once a second.
import type { Clock } from "../../mesh/clock.ts";
import type { ConsoleView } from "./view.ts";

/** ms between two looks. */
const INTERVAL = 1_000;

export class ViewFeed {
  readonly #view: () => Omit<ConsoleView, "at">;
  readonly #clock: Clock;
  #content = "";
  #text = "";
  /** Monotonic, ms. */
  #lookedAt: number = Number.NEGATIVE_INFINITY;

  constructor(view: () => Omit<ConsoleView, "at">, clock: Clock) {
    this.#view = view;
    this.#clock = clock;
  }

  /** The view as JSON, at once and whenever it has changed, at most once a second; for a slow reader the newest. */
  async *views(signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    let seen: string | undefined;
    while (!signal.aborted) {
      const text = this.#look();
      if (text !== seen) yield text;
      seen = text;
      await this.#clock.sleep(INTERVAL, signal).catch(() => undefined);
    }
  }

  /** What another reader has just seen is shown again. */
  #look(): string {
    const now = this.#clock.monotonic();
    if (now - this.#lookedAt < INTERVAL / 2) return this.#text;
    this.#lookedAt = now;
    const content = JSON.stringify(this.#view());
    if (content === this.#content) return this.#text;
    this.#content = content;
    this.#text = `{"at":${this.#clock.wall()},${content.slice(1)}`;
    return this.#text;
  }
}
