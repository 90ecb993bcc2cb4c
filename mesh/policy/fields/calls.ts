// Fields of single calls: how long they may take, when they are made again, and how many there may be at once.
import { type FieldsOf, field } from "../field.ts";
import { readStatus } from "../http-kinds.ts";
import { count, duration, kind, list, percent, words } from "../kinds.ts";
import {
  type LimitPolicy,
  RETRY_CONDITIONS,
  type RetryPolicy,
  type TimeoutPolicy,
} from "../policy.ts";

export const TIMEOUT_FIELDS: FieldsOf<TimeoutPolicy> = {
  connect: field({
    name: "timeouts.connect",
    kind: duration("1ms", "5m"),
    fallback: "1s",
    concerns: "caller",
    meaning: "For a TCP connection to an endpoint; TLS may then take twice as long.",
    example: "500ms",
  }),
  perTry: field({
    name: "timeouts.per-try",
    kind: duration("0s", "24h"),
    fallback: "0s",
    concerns: "caller",
    meaning:
      "From the beginning of one try, or the end of a body that is still being sent, to its answer's status line; 0: none.",
    example: "2s",
  }),
  request: field({
    name: "timeouts.request",
    kind: duration("0s", "24h"),
    fallback: "0s",
    concerns: "caller",
    meaning:
      "From the request to the end of its answer, all tries together; 0: none. The callee learns what is left of it.",
    example: "10s",
  }),
  idle: field({
    name: "timeouts.idle",
    kind: duration("0s", "24h"),
    fallback: "1h",
    concerns: "caller",
    meaning: "Without a byte in either direction; 0: none.",
    example: "5m",
  }),
};

const statuses = kind(
  list(readStatus(400, 599), { most: 32 }),
  "statuses from 400 to 599 separated by commas",
  "400–599, comma-separated",
);

export const RETRY_FIELDS: FieldsOf<RetryPolicy> = {
  attempts: field({
    name: "retries.attempts",
    kind: count(0, 10),
    fallback: "2",
    concerns: "caller",
    meaning: "Tries after the first one, each at another endpoint where there is one; 0: none.",
    example: "3",
  }),
  on: field({
    name: "retries.on",
    kind: words(...RETRY_CONDITIONS),
    fallback: "connect-failure,refused,reset",
    concerns: "caller",
    meaning:
      "What is tried again. Requests that may have had an effect (such as POST) are tried again only when no application " +
      "saw them, or with `non-idempotent`. `cancelled`, `deadline-exceeded`, `internal`, `resource-exhausted` and " +
      "`unavailable` are statuses of gRPC.",
    example: "connect-failure,refused,reset,gateway-error",
  }),
  statuses: field({
    name: "retries.statuses",
    kind: statuses,
    fallback: "",
    concerns: "caller",
    meaning: "Answers that are tried again besides.",
    example: "429,503",
  }),
  backoff: field({
    name: "retries.backoff",
    kind: duration("1ms", "1m"),
    fallback: "25ms",
    concerns: "caller",
    meaning: "The wait before a retry is random between 0 and this, which doubles with each one.",
    example: "50ms",
  }),
  maxBackoff: field({
    name: "retries.max-backoff",
    kind: duration("1ms", "5m"),
    fallback: "250ms",
    concerns: "caller",
    meaning: "What the doubling ends at; never less than `retries.backoff`.",
    example: "1s",
  }),
  budget: field({
    name: "retries.budget",
    kind: percent,
    fallback: "20",
    concerns: "caller",
    meaning: "Retries in percent of requests, so that retries do not bury a service that fails.",
    example: "10",
  }),
  budgetMin: field({
    name: "retries.budget-min",
    kind: count(0, 10_000),
    fallback: "3",
    concerns: "caller",
    meaning: "Retries a second that are allowed whatever the budget says.",
    example: "10",
  }),
};

const limit = count(0, 1_000_000);

export const LIMIT_FIELDS: FieldsOf<LimitPolicy> = {
  connections: field({
    name: "limits.connections",
    kind: limit,
    fallback: "1024",
    concerns: "caller",
    meaning: "Connections of one calling workload to the service; 0: no limit.",
    example: "100",
  }),
  pending: field({
    name: "limits.pending",
    kind: limit,
    fallback: "1024",
    concerns: "caller",
    meaning: "Requests of one calling workload that wait for a connection; 0: no limit.",
    example: "100",
  }),
  requests: field({
    name: "limits.requests",
    kind: limit,
    fallback: "1024",
    concerns: "caller",
    meaning: "Requests of one calling workload at once; 0: no limit.",
    example: "200",
  }),
  retries: field({
    name: "limits.retries",
    kind: limit,
    fallback: "64",
    concerns: "caller",
    meaning: "Retries of one calling workload at once; 0: no limit.",
    example: "10",
  }),
  inboundRequests: field({
    name: "limits.inbound-requests",
    kind: limit,
    fallback: "0",
    concerns: "callee",
    meaning: "Requests at once that a workload's sidecar passes to its application; 0: no limit.",
    example: "50",
  }),
  rate: field({
    name: "limits.rate",
    kind: limit,
    fallback: "0",
    concerns: "callee",
    meaning: "Requests a second that a workload's sidecar lets in; 0: no limit.",
    example: "500",
  }),
  ratePerCaller: field({
    name: "limits.rate-per-caller",
    kind: limit,
    fallback: "0",
    concerns: "callee",
    meaning: "The same for each calling service; 0: no limit.",
    example: "100",
  }),
  burst: field({
    name: "limits.burst",
    kind: limit,
    fallback: "0",
    concerns: "callee",
    meaning: "Requests that may come at once before the rate counts; 0: those of one second.",
    example: "50",
  }),
};
