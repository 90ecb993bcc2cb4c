// The key sets as they were had last, in one file: the next agent passes on what this one did, also while an issuer is away.
// Without it the sidecars that it adopts would lose their keys and refuse every token. Losing the file means just that, once. A file
// of a later version stays as it is.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describeError } from "../../mesh/errors.ts";
import { isNewerFormat, refuseNewerFormat } from "../../mesh/format.ts";
import type { Log } from "../../mesh/log.ts";
import { publicKeys } from "./key-set.ts";
import { MOST_KEY_SETS, type RememberedKeySets } from "./key-sets.ts";

export class KeySetRecord implements RememberedKeySets {
  readonly #file: string;
  readonly #log: Log;
  /** By address, the one that changed last at the end. */
  readonly #known: Map<string, string>;

  readonly #isNewer: boolean;

  /** The file and its directory are made with the first set. */
  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
    const entries = readEntries(file);
    this.#isNewer = entries === undefined;
    this.#known = new Map(publicSets(entries ?? []));
    if (this.#isNewer)
      log.warn("key sets are not kept for the next agent: a newer version has written them", {
        file,
      });
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
    if (this.#isNewer) return;
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

type Entry = readonly [string, string];

/** None where there is no file, or nothing that can be read; undefined for a later version's. */
function readEntries(file: string): readonly Entry[] | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(file, "utf8"));
    refuseNewerFormat(content);
    return Array.isArray(content) ? (content as readonly Entry[]) : [];
  } catch (error) {
    return isNewerFormat(error) ? undefined : [];
  }
}

/** Public keys and nothing else leave the agent, whatever stands there. */
function publicSets(entries: readonly Entry[]): readonly Entry[] {
  try {
    return entries.map(([address, keys]) => [address, publicKeys(keys)]);
  } catch {
    return [];
  }
}
