// Fields of balancing: which endpoint a request goes to, and how endpoints join.
import { type FieldsOf, field } from "../field.ts";
import { cookieName, hashSource } from "../http-kinds.ts";
import { boolean, count, decimal, duration, percent, word } from "../kinds.ts";
import { ALGORITHMS, type BalancePolicy } from "../policy.ts";

export const BALANCE_FIELDS: FieldsOf<BalancePolicy> = {
  algorithm: field({
    name: "balance.algorithm",
    kind: word(...ALGORITHMS),
    fallback: "peak-ewma",
    concerns: "caller",
    meaning:
      "How an endpoint is picked for each request. All of them go by weights (`mesh.weight`, slow start, recovery).",
    example: "round-robin",
  }),
  hashOn: field({
    name: "balance.hash-on",
    kind: hashSource,
    fallback: "source",
    concerns: "caller",
    meaning:
      "What `ring-hash` and `maglev` hash; `source` is the calling workload. A request without it goes anywhere.",
    example: "header:x-user",
  }),
  choices: field({
    name: "balance.choices",
    kind: count(2, 10),
    fallback: "2",
    concerns: "caller",
    meaning: "How many endpoints `least-request` and `peak-ewma` compare for a request.",
    example: "3",
  }),
  decay: field({
    name: "balance.decay",
    kind: duration("10ms", "1h"),
    fallback: "10s",
    concerns: "caller",
    meaning: "Over how long `peak-ewma` forgets a high latency.",
    example: "5s",
  }),
  stickyCookie: field({
    name: "balance.sticky-cookie",
    kind: cookieName,
    fallback: "",
    concerns: "caller",
    meaning: "The name of a cookie, set by the mesh, that keeps a client on its endpoint.",
    example: "shop-endpoint",
  }),
  sameNode: field({
    name: "balance.same-node",
    kind: boolean,
    fallback: "false",
    concerns: "caller",
    meaning:
      "Whether endpoints on the caller's node are preferred as long as one of them can be used.",
    example: "true",
  }),
  panicThreshold: field({
    name: "balance.panic-threshold",
    kind: percent,
    fallback: "50",
    concerns: "caller",
    meaning:
      "When a smaller share of endpoints than this can be used, ejections are disregarded; 0: never.",
    example: "30",
  }),
  slowStart: field({
    name: "balance.slow-start",
    kind: duration("0s", "1h"),
    fallback: "0s",
    concerns: "caller",
    meaning: "How long a new endpoint takes to get its whole share; 0: it gets it at once.",
    example: "30s",
  }),
  slowStartAggression: field({
    name: "balance.slow-start-aggression",
    kind: decimal(0.1, 10),
    fallback: "1",
    concerns: "caller",
    meaning: "How a new endpoint's share grows: 1 evenly, more is faster in the beginning.",
    example: "2",
  }),
  slowStartMinWeight: field({
    name: "balance.slow-start-min-weight",
    kind: percent,
    fallback: "10",
    concerns: "caller",
    meaning: "The percentage of its share with which a new endpoint begins.",
    example: "5",
  }),
};
