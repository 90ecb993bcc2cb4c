// Fields of circuit breaking: when an endpoint is taken out, how it returns, and how an application is asked.
// Envoy's names; where its defaults need five hosts and a hundred requests, ours are for the 2 to 5 replicas of a
// compose file, where a breaker would otherwise never act.
import { type FieldsOf, field } from "../field.ts";
import { count, decimal, duration, percent } from "../kinds.ts";
import type { CheckPolicy, OutlierPolicy, RecoveryPolicy } from "../policy.ts";

const inARow = count(0, 1_000);
const hosts = count(1, 1_000);
const volume = count(1, 100_000);

export const OUTLIER_FIELDS: FieldsOf<OutlierPolicy> = {
  consecutive5xx: field({
    name: "outlier.consecutive-5xx",
    kind: inARow,
    fallback: "5",
    concerns: "caller",
    meaning: "Answers of 500–599 in a row that eject an endpoint; 0: never.",
    example: "3",
  }),
  consecutiveGatewayFailures: field({
    name: "outlier.consecutive-gateway-failures",
    kind: inARow,
    fallback: "5",
    concerns: "caller",
    meaning: "Answers of 502, 503 and 504 in a row that eject an endpoint; 0: never.",
    example: "3",
  }),
  consecutiveConnectFailures: field({
    name: "outlier.consecutive-connect-failures",
    kind: inARow,
    fallback: "3",
    concerns: "caller",
    meaning: "Connections that failed in a row and eject an endpoint; 0: never.",
    example: "1",
  }),
  consecutiveTimeouts: field({
    name: "outlier.consecutive-timeouts",
    kind: inARow,
    fallback: "5",
    concerns: "caller",
    meaning: "Tries that took too long in a row and eject an endpoint; 0: never.",
    example: "3",
  }),
  interval: field({
    name: "outlier.interval",
    kind: duration("10ms", "1h"),
    fallback: "5s",
    concerns: "caller",
    meaning: "Over how long success rates and failure percentages are counted.",
    example: "10s",
  }),
  baseEjectionTime: field({
    name: "outlier.base-ejection-time",
    kind: duration("10ms", "24h"),
    fallback: "10s",
    concerns: "caller",
    meaning:
      "How long a first ejection lasts; the second in a row twice, the third three times as long.",
    example: "30s",
  }),
  maxEjectionTime: field({
    name: "outlier.max-ejection-time",
    kind: duration("10ms", "24h"),
    fallback: "5m",
    concerns: "caller",
    meaning: "The longest ejection; never less than `outlier.base-ejection-time`.",
    example: "10m",
  }),
  ejectionJitter: field({
    name: "outlier.ejection-jitter",
    kind: percent,
    fallback: "10",
    concerns: "caller",
    meaning:
      "Percent of an ejection's time that are added at random, so that callers do not return at once.",
    example: "20",
  }),
  maxEjectionPercent: field({
    name: "outlier.max-ejection-percent",
    kind: percent,
    fallback: "50",
    concerns: "caller",
    meaning: "The share of endpoints that may be ejected at the same time; 0: none.",
    example: "34",
  }),
  successRateStdevFactor: field({
    name: "outlier.success-rate-stdev-factor",
    kind: decimal(0, 10),
    fallback: "1.9",
    concerns: "caller",
    meaning:
      "Ejects an endpoint whose success rate is this many deviations below that of the others; 0: off.",
    example: "2.5",
  }),
  successRateMinimumHosts: field({
    name: "outlier.success-rate-minimum-hosts",
    kind: hosts,
    fallback: "3",
    concerns: "caller",
    meaning: "Endpoints with enough requests that success rates need to be compared.",
    example: "5",
  }),
  successRateRequestVolume: field({
    name: "outlier.success-rate-request-volume",
    kind: volume,
    fallback: "20",
    concerns: "caller",
    meaning: "Requests in an interval from which an endpoint's success rate counts.",
    example: "100",
  }),
  failurePercentageThreshold: field({
    name: "outlier.failure-percentage-threshold",
    kind: percent,
    fallback: "50",
    concerns: "caller",
    meaning: "Ejects an endpoint of whose requests this share failed in an interval; 0: off.",
    example: "85",
  }),
  failurePercentageMinimumHosts: field({
    name: "outlier.failure-percentage-minimum-hosts",
    kind: hosts,
    fallback: "2",
    concerns: "caller",
    meaning: "Endpoints with enough requests that failure percentages need.",
    example: "5",
  }),
  failurePercentageRequestVolume: field({
    name: "outlier.failure-percentage-request-volume",
    kind: volume,
    fallback: "20",
    concerns: "caller",
    meaning: "Requests in an interval from which an endpoint's failure percentage counts.",
    example: "50",
  }),
};

export const RECOVERY_FIELDS: FieldsOf<RecoveryPolicy> = {
  probes: field({
    name: "recovery.probes",
    kind: count(0, 100),
    fallback: "3",
    concerns: "caller",
    meaning:
      "Real requests, one at a time, that must succeed in a row before an ejected endpoint returns.",
    example: "5",
  }),
  ramp: field({
    name: "recovery.ramp",
    kind: duration("0s", "1h"),
    fallback: "10s",
    concerns: "caller",
    meaning:
      "How long a returning endpoint takes to get its whole share again; 0: it gets it at once.",
    example: "30s",
  }),
  initialWeight: field({
    name: "recovery.initial-weight",
    kind: percent,
    fallback: "10",
    concerns: "caller",
    meaning: "The percentage of its share with which a returning endpoint begins.",
    example: "5",
  }),
};

const threshold = count(1, 100);

export const CHECK_FIELDS: FieldsOf<CheckPolicy> = {
  interval: field({
    name: "check.interval",
    kind: duration("100ms", "1h"),
    fallback: "1s",
    concerns: "callee",
    meaning: "Between two checks of the application by its own sidecar (`mesh.check`).",
    example: "5s",
  }),
  timeout: field({
    name: "check.timeout",
    kind: duration("10ms", "5m"),
    fallback: "1s",
    concerns: "callee",
    meaning: "How long the application may take to answer a check.",
    example: "500ms",
  }),
  unhealthyThreshold: field({
    name: "check.unhealthy-threshold",
    kind: threshold,
    fallback: "2",
    concerns: "callee",
    meaning: "Checks that must fail in a row before the workload gets no more requests.",
    example: "3",
  }),
  healthyThreshold: field({
    name: "check.healthy-threshold",
    kind: threshold,
    fallback: "1",
    concerns: "callee",
    meaning: "Checks that must succeed in a row before it gets requests again.",
    example: "2",
  }),
};
