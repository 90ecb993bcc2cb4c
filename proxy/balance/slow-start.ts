// Slow start: an endpoint that joins others begins with a small weight, so that caches and compilers can warm up. The
// formula and its parameters are Envoy's: weight × max(minimum, (age / window)^(1 / aggression)).
import type { BalancePolicy } from "../../mesh/policy/policy.ts";

type SlowStart = Pick<BalancePolicy, "slowStart" | "slowStartAggression" | "slowStartMinWeight">;

/** Not nothing: it may be the only one left. */
const LEAST = 0.01;

/** The part of its weight, above 0 to 1, that an endpoint has `age` ms after it joined. */
export function slowStartShare(age: number, rules: SlowStart): number {
  const { slowStart, slowStartAggression, slowStartMinWeight } = rules;
  if (slowStart <= 0 || age >= slowStart) return 1;
  const progress = (Math.max(age, 0) / slowStart) ** (1 / Math.max(slowStartAggression, 0.01));
  return Math.min(1, Math.max(slowStartMinWeight / 100, progress, LEAST));
}
