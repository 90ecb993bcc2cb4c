// Things that happen to a share of requests.
import type { Random } from "./route-target.ts";

/** Whether it happens this time; 0 is never and 100 always. */
export function happens(percent: number, random: Random): boolean {
  return percent > 0 && random() * 100 < percent;
}
