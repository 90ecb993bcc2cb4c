// Ring hash: endpoints own arcs of a ring of 2³² places, in many pieces; a key goes to the owner of the next point from its
// place (Karger et al. 1997, as in Envoy). When endpoints come and go only the keys of their own arcs move.

import { HashShares } from "./hash-shares.ts";
import { hashText, mix } from "./hash32.ts";
import type { Candidates, EndpointPicker } from "./picker.ts";

/** Envoy's `minimum_ring_size`. */
const LEAST_POINTS = 1024;
/** Of an endpoint of mean weight: arcs then differ by some 6 %, however many endpoints there are. */
const POINTS_EACH = 256;
const GOLDEN = 0x9e3779b9;
/** A point and its owner in one number below 2⁵³, so that the ring is sorted as numbers. */
const OWNERS = 2 ** 20;

export class RingHashPicker implements EndpointPicker {
  readonly #shares: HashShares;
  readonly #points: Uint32Array;
  readonly #owners: Int32Array;

  constructor(candidates: Candidates) {
    this.#shares = new HashShares(candidates);
    const ring = buildRing(candidates);
    this.#points = Uint32Array.from(ring, (entry) => Math.floor(entry / OWNERS));
    this.#owners = Int32Array.from(ring, (entry) => entry % OWNERS);
  }

  weigh(): void {
    this.#shares.weigh();
  }

  pick(key: number): number {
    const owners = this.#owners;
    const { length } = owners;
    let at = this.#after(mix(key));
    let fallback = -1;
    let previous = -1;
    for (let step = 0; step < length; step += 1, at += 1) {
      if (at === length) at = 0;
      const owner = owners[at] as number;
      if (owner === previous) continue;
      if (this.#shares.takes(owner, key)) return owner;
      if (fallback < 0 && this.#shares.usable(owner)) fallback = owner;
      previous = owner;
    }
    return fallback;
  }

  /** The first point at or after a place; the number of points when there is none. */
  #after(place: number): number {
    const points = this.#points;
    let low = 0;
    let high = points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((points[middle] as number) < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function buildRing({ members, configured }: Candidates): Float64Array {
  const total = configured.reduce((sum, weight) => sum + weight, 0);
  const points = Math.max(LEAST_POINTS, POINTS_EACH * members.length);
  const entries: number[] = [];
  members.forEach(({ id }, owner) => {
    const count = Math.max(1, Math.round((points * (configured[owner] as number)) / total));
    const origin = hashText(id);
    for (let point = 0; point < count; point += 1)
      entries.push(mix(origin + Math.imul(point, GOLDEN)) * OWNERS + owner);
  });
  return Float64Array.from(entries).sort();
}
