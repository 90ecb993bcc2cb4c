// How hashing pickers honour shares that change while they are in use (an endpoint that returns, or has just joined)
// without moving keys about: of the keys that belong to an endpoint it takes those whose own hash lies below its share. As
// the share grows, keys come home one after another and stay. Endpoints with share 0 take none.
import { hashText, mix } from "./hash32.ts";
import type { Candidates } from "./picker.ts";

const WHOLE = 2 ** 32;

export class HashShares {
  readonly #candidates: Candidates;
  readonly #salts: Uint32Array;
  /** By index: keys whose hash lies below come home; 2³² for all. */
  readonly #limits: Float64Array;

  constructor(candidates: Candidates) {
    this.#candidates = candidates;
    this.#salts = Uint32Array.from(candidates.members, ({ id }) => hashText(id, 1));
    this.#limits = new Float64Array(candidates.members.length);
    this.weigh();
  }

  weigh(): void {
    const { weights, configured } = this.#candidates;
    let most = 0;
    for (let index = 0; index < weights.length; index += 1)
      most = Math.max(most, (weights[index] as number) / (configured[index] as number));
    for (let index = 0; index < weights.length; index += 1) {
      const share = (weights[index] as number) / (configured[index] as number);
      this.#limits[index] = most > 0 ? (share / most) * WHOLE : 0;
    }
  }

  /** Whether the endpoint can be picked at all. */
  usable(index: number): boolean {
    return (this.#candidates.weights[index] as number) > 0;
  }

  /** Whether the endpoint takes this key of its own now. */
  takes(index: number, key: number): boolean {
    if (!this.usable(index)) return false;
    const limit = this.#limits[index] as number;
    return limit >= WHOLE || mix(key ^ (this.#salts[index] as number)) < limit;
  }
}
