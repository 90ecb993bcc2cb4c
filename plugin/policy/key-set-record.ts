// The key sets as they were had last, in one file: the next agent passes on what this one did, also while an issuer is away.
// Without it the sidecars that it adopts would lose their keys and refuse every token. Losing the file means just that, once.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describeError } from "../../mesh/errors.ts";
import type { Log } from "../../mesh/log.ts";
import { publicKeys } from "./key-set.ts";
import { MOST_KEY_SETS, type RememberedKeySets } from "./key-sets.ts";

export class KeySetRecord implements RememberedKeySets {
  readonly #file: string;
  readonly #log: Log;
  /** By address, the one that changed last at the end. */
  readonly #known: Map<string, string>;

  /** The file and its directory are made with the first set. */
  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
    this.#known = new Map(readSets(file));
  }

  get(address: string): string | undefined {
    return this.#known.get(address);
  }

  /** A set that cannot be written down is only told of: it is in force all the same. */
  set(address: string, keys: string): void {
    if (this.#known.get(address) === keys) return;
    this.#known.delete(address);
    this.#known.set(address, keys);
    for (const oldest of [...this.#known.keys()].slice(0, -MOST_KEY_SETS)) {
      this.#known.delete(oldest);
    }
    try {
      this.#write();
    } catch (error) {
      this.#log.warn("key sets are not kept for the next agent", { error: describeError(error) });
    }
  }

  #write(): void {
    const aside = `${this.#file}.new`;
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
    writeFileSync(aside, `${JSON.stringify([...this.#known])}\n`, { mode: 0o600 });
    renameSync(aside, this.#file);
  }
}

function readSets(file: string): readonly (readonly [string, string])[] {
  try {
    const entries = JSON.parse(readFileSync(file, "utf8")) as readonly (readonly [
      string,
      string,
    ])[];
    // Public keys and nothing else leave the agent, whatever stands there.
    return entries.map(([address, keys]) => [address, publicKeys(keys)]);
  } catch {
    return [];
  }
}
