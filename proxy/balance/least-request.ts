// Least request: of a few endpoints the one with the fewest requests in flight for its weight.
import { Contest } from "./contest.ts";
import type { EndpointPicker } from "./picker.ts";

export class LeastRequestPicker extends Contest implements EndpointPicker {
  protected override isCheaper(index: number, other: number): boolean {
    return this.load(index) < this.load(other);
  }
}
