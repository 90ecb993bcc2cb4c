// What one pick costs with 100 endpoints, for each algorithm, as the request path makes it: through the group, with
// ejections, weights and loads. Run by `node test/bench/pick-cost.ts`.

import { ALGORITHMS, type Algorithm } from "../../mesh/policy/policy.ts";
import { seededRandom } from "../../mesh/seeded-random.ts";
import { CalledService } from "../../proxy/health/called-service.ts";
import type { Target } from "../../proxy/http/plan.ts";
import { UNLIMITED } from "../../proxy/resilience/unlimited.ts";
import { calledEndpoints, callPolicy } from "../helpers/balancing.ts";

const ENDPOINTS = 100;
const PICKS = 400_000;
const ROUNDS = 5;
const NONE: readonly Target[] = [];

function nanosecondsPerPick(algorithm: Algorithm, weight: (index: number) => number): number {
  const now = (): number => performance.now();
  const policy = callPolicy({ algorithm });
  const surroundings = { now, random: seededRandom(1) };
  const service = new CalledService("shop-orders", 80, policy, UNLIMITED.breaker, surroundings);
  service.update(
    calledEndpoints(ENDPOINTS, (index) => ({ weight: weight(index) })),
    policy,
    now(),
  );
  const targets = service.targets(undefined);
  for (let index = 0; index < ENDPOINTS; index += 1) {
    const target = targets.next(index, NONE, true);
    target?.begin(now());
    target?.answered(200, now() + index, now());
  }
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    for (let pick = 0; pick < PICKS; pick += 1)
      targets.next(Math.imul(pick, 0x9e3779b9), NONE, true);
    best = Math.min(best, ((performance.now() - start) * 1e6) / PICKS);
  }
  return best;
}

process.stdout.write("ns per pick, 100 endpoints        alike  by weight\n");
for (const algorithm of ALGORITHMS) {
  const alike = nanosecondsPerPick(algorithm, () => 1);
  const weighted = nanosecondsPerPick(algorithm, (index) => 1 + (index % 5));
  const line = [alike, weighted].map((cost) => cost.toFixed(0).padStart(10)).join(" ");
  process.stdout.write(`${algorithm.padEnd(28)} ${line}\n`);
}
