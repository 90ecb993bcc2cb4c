// Random: each request goes anywhere, heavier endpoints getting more of them.
import type { Candidates, EndpointPicker, Random } from "./picker.ts";
import { WeightedDraw } from "./weighted-draw.ts";

export class RandomPicker implements EndpointPicker {
  readonly #draw: WeightedDraw;

  constructor(candidates: Candidates, random: Random) {
    this.#draw = new WeightedDraw(candidates, random);
  }

  weigh(): void {
    this.#draw.weigh();
  }

  pick(): number {
    const position = this.#draw.draw();
    return position < 0 ? -1 : this.#draw.at(position);
  }
}
