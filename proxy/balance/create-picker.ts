// The picker that a policy names.
import type { BalancePolicy } from "../../mesh/policy/policy.ts";
import { LeastRequestPicker } from "./least-request.ts";
import { MaglevPicker } from "./maglev.ts";
import { PeakEwmaPicker } from "./peak-ewma.ts";
import type { Candidates, EndpointPicker, Random } from "./picker.ts";
import { RandomPicker } from "./random.ts";
import { RingHashPicker } from "./ring-hash.ts";
import { RoundRobinPicker } from "./round-robin.ts";

export function createPicker(
  { algorithm, choices }: Pick<BalancePolicy, "algorithm" | "choices">,
  candidates: Candidates,
  random: Random,
): EndpointPicker {
  switch (algorithm) {
    case "peak-ewma":
      return new PeakEwmaPicker(candidates, choices, random);
    case "least-request":
      return new LeastRequestPicker(candidates, choices, random);
    case "round-robin":
      return new RoundRobinPicker(candidates, random);
    case "random":
      return new RandomPicker(candidates, random);
    case "ring-hash":
      return new RingHashPicker(candidates);
    case "maglev":
      return new MaglevPicker(candidates);
  }
}
