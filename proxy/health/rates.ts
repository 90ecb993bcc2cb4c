// Endpoints that fail more than the others, or more than is tolerable, over one interval. Names and order are those of
// Envoy's outlier detection; a rule looks only at endpoints that had enough requests to say something.
import type { OutlierPolicy } from "../../mesh/policy/policy.ts";
import type { EndpointHealth } from "./endpoint-health.ts";

export interface RateVerdict {
  readonly health: EndpointHealth;
  /** For people. */
  readonly reason: string;
}

/** The least that counts as one standard deviation: differences that are not worth the loss of an endpoint. */
const LEAST_DEVIATION = 0.05;
/** Makes the median of absolute deviations a standard deviation, where those are normal. */
const NORMAL = 1.4826;
/** Standard errors of two rates that count as one deviation: 1.9 × 2 of them come about by chance once in ten thousand times. */
const ERRORS = 2;

/**
 * Those whose success rate is further below the median of the *others* than `successRateStdevFactor` deviations. Envoy compares
 * with the mean and the deviation of all, to which the failing one belongs: of n endpoints none can be further from their
 * mean than (n − 1) / √n deviations, which is less than 1.9 below five. The deviation is that of the others among
 * themselves, but no less than {@link ERRORS} times what chance makes of so few requests, and {@link LEAST_DEVIATION}.
 */
export function failingBySuccessRate(
  endpoints: readonly EndpointHealth[],
  rules: OutlierPolicy,
): RateVerdict[] {
  const busy = endpoints.filter(({ total }) => total >= rules.successRateRequestVolume);
  const factor = rules.successRateStdevFactor;
  if (factor <= 0 || busy.length < Math.max(2, rules.successRateMinimumHosts)) return [];
  const best = Math.max(...busy.map(successRate));
  const verdicts: RateVerdict[] = [];
  for (const health of busy) {
    const rate = successRate(health);
    // Nearly all of them, nearly always.
    if (rate >= best - factor * LEAST_DEVIATION) continue;
    const others = busy.filter((other) => other !== health);
    const usual = median(others.map(successRate));
    if (rate >= usual - factor * deviation(health, others, usual)) continue;
    const reason = `${percent(rate)} of its requests succeeded, of the others' ${percent(usual)}`;
    verdicts.push({ health, reason });
  }
  return verdicts;
}

function deviation(
  health: EndpointHealth,
  others: readonly EndpointHealth[],
  usual: number,
): number {
  const spread = NORMAL * median(others.map((other) => Math.abs(successRate(other) - usual)));
  return Math.max(spread, ERRORS * standardError(health, others), LEAST_DEVIATION);
}

/** Of the difference between two rates: by what each shows, or as if they were one, whichever leaves more to chance. */
function standardError(health: EndpointHealth, others: readonly EndpointHealth[]): number {
  const total = others.reduce((sum, other) => sum + other.total, 0);
  const successes = others.reduce((sum, other) => sum + other.successes, 0);
  const apart =
    scatter(health.successes / health.total) / health.total + scatter(successes / total) / total;
  const same = scatter((successes + health.successes) / (total + health.total));
  return Math.sqrt(Math.max(apart, same * (1 / health.total + 1 / total)));
}

/** The variance of one request. */
function scatter(rate: number): number {
  return rate * (1 - rate);
}

/** Of at least one. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const { length } = sorted;
  return ((sorted[(length - 1) >> 1] as number) + (sorted[length >> 1] as number)) / 2;
}

/** Those of whose requests at least `failurePercentageThreshold` percent failed. */
export function failingByPercentage(
  endpoints: readonly EndpointHealth[],
  rules: OutlierPolicy,
): RateVerdict[] {
  const { failurePercentageThreshold: threshold, failurePercentageMinimumHosts: hosts } = rules;
  const busy = endpoints.filter(({ total }) => total >= rules.failurePercentageRequestVolume);
  if (threshold <= 0 || busy.length < Math.max(1, hosts)) return [];
  return busy
    .filter((health) => (1 - successRate(health)) * 100 >= threshold)
    .map((health) => ({
      health,
      reason: `${percent(1 - successRate(health))} of its requests failed`,
    }));
}

/** Of an endpoint without requests: 1. */
function successRate({ successes, total }: EndpointHealth): number {
  return total === 0 ? 1 : successes / total;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
