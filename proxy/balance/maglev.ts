// Maglev (Eisenbud et al., NSDI 2016 §3.4): endpoints fill a table in turns, each by its own order of preference, so that
// all get shares as equal as their weights say; a key is one look-up. It moves a few more keys than a ring when endpoints
// change, and spreads them more evenly.

import { HashShares } from "./hash-shares.ts";
import { hashText, mix } from "./hash32.ts";
import type { Candidates, EndpointPicker } from "./picker.ts";

/** Prime; Envoy's default. */
const TABLE_SIZE = 65_537;
/** Places looked at for one key before the remaining endpoints are taken as they come. */
const MOST_STEPS = 1_024;

export class MaglevPicker implements EndpointPicker {
  readonly #shares: HashShares;
  readonly #count: number;
  readonly #table: Int32Array;

  constructor(candidates: Candidates) {
    this.#shares = new HashShares(candidates);
    this.#count = candidates.members.length;
    this.#table = buildTable(candidates);
  }

  weigh(): void {
    this.#shares.weigh();
  }

  pick(key: number): number {
    if (this.#count === 0) return -1;
    let at = mix(key) % TABLE_SIZE;
    let fallback = -1;
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const owner = this.#table[at] as number;
      if (this.#shares.takes(owner, key)) return owner;
      if (fallback < 0 && this.#shares.usable(owner)) fallback = owner;
      // Neighbours in the table have nothing to do with each other: the keys of one endpoint go to all others.
      at = at + 1 === TABLE_SIZE ? 0 : at + 1;
    }
    return fallback >= 0 ? fallback : this.#first(key);
  }

  #first(key: number): number {
    for (let step = 0; step < this.#count; step += 1) {
      const index = (key + step) % this.#count;
      if (this.#shares.usable(index)) return index;
    }
    return -1;
  }
}

function buildTable({ members, configured }: Candidates): Int32Array {
  const table = new Int32Array(TABLE_SIZE).fill(-1);
  const heaviest = Math.max(...configured);
  const places = members.map(({ id }) => hashText(id) % TABLE_SIZE);
  const skips = members.map(({ id }) => (hashText(id, 1) % (TABLE_SIZE - 1)) + 1);
  const credits = new Float64Array(members.length);
  let filled = 0;
  while (filled < TABLE_SIZE && members.length > 0) {
    for (let index = 0; index < members.length && filled < TABLE_SIZE; index += 1) {
      // A whole turn for the heaviest in each round, for others in as many rounds as their weight says.
      credits[index] = (credits[index] as number) + (configured[index] as number) / heaviest;
      if ((credits[index] as number) < 1) continue;
      credits[index] = (credits[index] as number) - 1;
      let place = places[index] as number;
      const skip = skips[index] as number;
      while (table[place] !== -1) place = (place + skip) % TABLE_SIZE;
      table[place] = index;
      places[index] = (place + skip) % TABLE_SIZE;
      filled += 1;
    }
  }
  return table;
}
