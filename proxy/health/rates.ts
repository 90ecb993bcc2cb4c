// Endpoints that fail more than the others, or more than is tolerable, over one interval. Names, meaning and order are
// those of Envoy's outlier detection; a rule looks only at endpoints that had enough requests to say something.
import type { OutlierPolicy } from "../../mesh/policy/policy.ts";
import type { EndpointHealth } from "./endpoint-health.ts";

export interface RateVerdict {
  readonly health: EndpointHealth;
  /** For people. */
  readonly reason: string;
}

/** Those whose success rate is further below the mean than `successRateStdevFactor` standard deviations. */
export function failingBySuccessRate(
  endpoints: readonly EndpointHealth[],
  rules: OutlierPolicy,
): RateVerdict[] {
  const busy = endpoints.filter(({ total }) => total >= rules.successRateRequestVolume);
  const factor = rules.successRateStdevFactor;
  if (factor <= 0 || busy.length < Math.max(1, rules.successRateMinimumHosts)) return [];
  const rates = busy.map(successRate);
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length;
  const least = mean - factor * Math.sqrt(variance);
  return busy
    .filter((health) => successRate(health) < least)
    .map((health) => ({
      health,
      reason: `${percent(successRate(health))} of its requests succeeded, of all ${percent(mean)}`,
    }));
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
