// The power of choices (Mitzenmacher 2001) with weights. One endpoint is drawn by weight, then challenged by others that
// are drawn alike; the one with the lower cost wins. A challenger that is lighter than whom it challenges comes forward
// only as often as the ratio of their weights says: this is how a Metropolis walk accepts its steps, so where costs differ
// by chance alone every endpoint gets exactly the share of its weight. Dividing costs by weights instead would starve the
// lighter one of two idle endpoints: it would never be the cheaper one. So an endpoint that returns after an ejection gets
// its growing share, and never more than twice of it, whatever its cost.
import type { Candidates, Random } from "./picker.ts";
import { WeightedDraw } from "./weighted-draw.ts";

export abstract class Contest {
  protected readonly candidates: Candidates;
  readonly #draw: WeightedDraw;
  readonly #random: Random;
  readonly #challenges: number;
  #heaviest = 1;

  /** `choices`: endpoints that are compared, at least 2. */
  constructor(candidates: Candidates, choices: number, random: Random) {
    this.candidates = candidates;
    this.#random = random;
    this.#challenges = Math.max(choices, 2) - 1;
    this.#draw = new WeightedDraw(candidates, random);
    this.weigh();
  }

  weigh(): void {
    this.#draw.weigh();
    this.#heaviest = 0;
    for (const weight of this.candidates.weights)
      if (weight > this.#heaviest) this.#heaviest = weight;
  }

  pick(_key: number, now: number): number {
    const draw = this.#draw;
    const holder = draw.draw();
    if (holder < 0) return -1;
    let best = draw.at(holder);
    if (draw.count < 2) return best;
    for (let challenge = 0; challenge < this.#challenges; challenge += 1) {
      const index = this.#challenger(holder);
      if (index === best || !this.#comesForward(index, best)) continue;
      if (this.isCheaper(index, best, now)) best = index;
    }
    return best;
  }

  /** Whether a request is better off with the one than with the other; false for what differs by chance alone. */
  protected abstract isCheaper(index: number, other: number, now: number): boolean;

  /** Its requests in flight, as if it were as heavy as the heaviest. */
  protected load(index: number): number {
    const { members, weights } = this.candidates;
    const active = members[index]?.active ?? 0;
    return (active * this.#heaviest) / (weights[index] as number);
  }

  /** Any but the one at that position, all alike. */
  #challenger(holder: number): number {
    const position = Math.floor(this.#random() * (this.#draw.count - 1));
    return this.#draw.at(position >= holder ? position + 1 : position);
  }

  #comesForward(challenger: number, holder: number): boolean {
    const { weights } = this.candidates;
    const weight = weights[challenger] as number;
    const other = weights[holder] as number;
    return weight >= other || (weight > 0 && this.#random() * other < weight);
  }
}
