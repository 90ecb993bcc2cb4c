// One copy of what thousands of catalog entries repeat: names of nodes, networks and services, lists of ports. What is read from
// JSON is new each time; in a mesh of 1,000 services with 10 endpoints each that was a third of what the agent knew of them.

/** Texts kept at most; then all are forgotten, which costs copies and nothing else. */
const MOST = 100_000;

export class ValuePool {
  readonly #texts = new Map<string, string>();
  readonly #lists = new Map<string, readonly unknown[]>();

  /** The text, as the one copy of it. */
  text<T extends string | undefined>(text: T): T {
    if (text === undefined) return text;
    const known = this.#texts.get(text);
    if (known !== undefined) return known as T;
    if (this.#texts.size >= MOST) this.#texts.clear();
    const own = ownCopy(text);
    this.#texts.set(own, own);
    return own as T;
  }

  /** A list of plain values, as the one copy of it. */
  list<T>(list: readonly T[]): readonly T[] {
    const key = JSON.stringify(list);
    const known = this.#lists.get(key);
    if (known !== undefined) return known as readonly T[];
    if (this.#lists.size >= MOST) this.#lists.clear();
    this.#lists.set(key, list);
    return list;
  }
}

/** What a regular expression or `slice` took from a longer text holds on to all of it. */
export function ownCopy(text: string): string {
  return !text.isWellFormed() ? text : Buffer.from(text, "utf8").toString("utf8");
}
