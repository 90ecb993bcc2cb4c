// Fields of traffic: which version or service gets a request, and what is changed about it on the way.

import { Refusal } from "../../refusal.ts";
import { type Field, type FieldsOf, field, fieldsWithin } from "../field.ts";
import {
  headersToAdd,
  headersToRemove,
  headersToSet,
  location,
  methods,
  path,
  pathPattern,
  pathToSend,
  readStatus,
} from "../http-kinds.ts";
import {
  boolean,
  count,
  duration,
  type Kind,
  kind,
  optional,
  percent,
  readWord,
  words,
} from "../kinds.ts";
import { headerConditions, nameConditions } from "../match-kinds.ts";
import type { Matcher } from "../matcher.ts";
import {
  type FieldMatch,
  type HeaderLine,
  RETRY_CONDITIONS,
  type Redirect,
  type RetryCondition,
  type WeightedVersion,
} from "../policy.ts";
import { type MirrorTarget, mirrorTarget, service, services, split } from "../service-kinds.ts";

export const SPLIT_FIELD: Field<readonly WeightedVersion[]> = field({
  name: "split",
  kind: split,
  fallback: "",
  concerns: "caller",
  meaning:
    "How requests are shared out between versions (`mesh.version`), unless a route decides; empty: all versions alike.",
  example: "v1=90,v2=10",
});

export const FAILOVER_FIELD: Field<readonly string[]> = field({
  name: "failover",
  kind: services,
  fallback: "",
  concerns: "caller",
  meaning: "Services that stand in, in this order, while no endpoint of this one can be used.",
  example: "orders-backup",
});

/** What a route says, field by field. */
export interface RouteFields extends MatchFields {
  readonly enabled: boolean;
  readonly priority: number;
  readonly query: readonly FieldMatch[];
  readonly service: string | undefined;
  readonly split: readonly WeightedVersion[];
  readonly failover: readonly string[];
  readonly mirror: MirrorTarget | undefined;
  readonly mirrorPercent: number;
  readonly delay: number;
  readonly delayPercent: number;
  readonly abort: number | undefined;
  readonly abortPercent: number;
  readonly redirect: string | undefined;
  readonly redirectStatus: Redirect["status"];
  readonly rewrite: string | undefined;
  readonly requestSet: readonly HeaderLine[];
  readonly requestAdd: readonly HeaderLine[];
  readonly requestRemove: readonly string[];
  readonly responseSet: readonly HeaderLine[];
  readonly responseAdd: readonly HeaderLine[];
  readonly responseRemove: readonly string[];
  readonly timeout: number | undefined;
  readonly perTryTimeout: number | undefined;
  readonly attempts: number | undefined;
  readonly retryOn: readonly RetryCondition[] | undefined;
}

/** What routes and rules have in common. */
export interface MatchFields {
  readonly path: string | undefined;
  readonly pathPrefix: string | undefined;
  readonly pathRegex: Matcher | undefined;
  readonly methods: readonly string[];
  readonly headers: readonly FieldMatch[];
}

const priority: Kind<number> = kind(
  (text) => (/^(?:0|-?[1-9]\d{0,3})$/.test(text) ? Number(text) : new Refusal()),
  "a whole number from -9999 to 9999",
  "-9999–9999",
);

const REDIRECT_STATUSES = [301, 302, 303, 307, 308] as const;
const readRedirectStatus = readWord("301", "302", "303", "307", "308");

const redirectStatus: Kind<Redirect["status"]> = kind(
  (text) => {
    const known = readRedirectStatus(text);
    if (known instanceof Refusal) return known;
    return REDIRECT_STATUSES.find((status) => String(status) === known) ?? new Refusal();
  },
  "301, 302, 303, 307 or 308",
  "301 | 302 | 303 | 307 | 308",
);

const abortStatus = kind(readStatus(200, 599), "a status from 200 to 599", "200–599");
const anyDuration = duration("0s", "24h");

const route = fieldsWithin("route", "caller");

export const ROUTE_FIELDS: FieldsOf<RouteFields> = {
  enabled: route("enabled", boolean, "false", "`false` puts the route aside.", "true"),
  priority: route(
    "priority",
    priority,
    "10",
    "Routes are tried from the highest priority down; among equals an exact path comes first, then the longest prefix, " +
      "expressions, and no path; then more conditions on headers and query; then the name.",
    "0",
  ),
  path: route(
    "path",
    optional(path),
    "/cart",
    "The whole path. Of the three kinds of path at most one.",
  ),
  pathPrefix: route(
    "path-prefix",
    optional(path),
    "/api/",
    "What the path begins with; `/api` is also the beginning of `/apis`.",
  ),
  pathRegex: route(
    "path-regex",
    optional(pathPattern),
    "/users/[0-9]+",
    "What the whole path matches.",
  ),
  methods: route("methods", methods, "GET,HEAD", "The request's method is one of them."),
  headers: route(
    "headers",
    headerConditions,
    "x-canary=yes,!x-bot",
    "Conditions on header fields, all of which must hold: `name` is there, `!name` is not, `name=value`, " +
      "`name!=value`, `name^=prefix`, `name$=suffix`, `name=~regex`; `\\,` is a comma.",
  ),
  query: route("query", nameConditions, "beta=1", "The same on parameters of the query."),
  service: route(
    "service",
    optional(service),
    "orders-next",
    "The service that is called instead.",
  ),
  split: route("split", split, "v1=50,v2=50", "Shares of versions for this route."),
  failover: route("failover", services, "orders-backup", "Stand-ins for this route."),
  mirror: route(
    "mirror",
    optional(mirrorTarget),
    "orders@v2",
    "Where copies of requests go, whose answers nobody sees.",
  ),
  mirrorPercent: route("mirror-percent", percent, "5", "Share of requests mirrored.", "100"),
  delay: route("delay", anyDuration, "300ms", "How long requests are held up, as a test.", "0s"),
  delayPercent: route("delay-percent", percent, "10", "Share of requests held up.", "100"),
  abort: route(
    "abort",
    optional(abortStatus),
    "503",
    "The status with which requests are answered at once, as a test.",
  ),
  abortPercent: route("abort-percent", percent, "1", "Share of requests answered so.", "100"),
  redirect: route(
    "redirect",
    optional(location),
    "https://shop.example/",
    "Where callers are sent instead.",
  ),
  redirectStatus: route("redirect-status", redirectStatus, "308", "With which status.", "302"),
  rewrite: route(
    "rewrite",
    optional(pathToSend),
    "/v2/cart",
    "What the exact path, or the prefix, becomes on its way to the service.",
  ),
  requestSet: route(
    "request-set",
    headersToSet,
    "x-tier=gold",
    "Header fields of the request that are set, in place of those of the name.",
  ),
  requestAdd: route("request-add", headersToAdd, "x-seen=mesh", "Those that are added."),
  requestRemove: route("request-remove", headersToRemove, "x-debug", "Those that are removed."),
  responseSet: route(
    "response-set",
    headersToSet,
    "cache-control=no-store",
    "The same for the answer.",
  ),
  responseAdd: route("response-add", headersToAdd, "x-served-by=mesh", "The same for the answer."),
  responseRemove: route("response-remove", headersToRemove, "server", "The same for the answer."),
  timeout: route("timeout", optional(anyDuration), "3s", "In place of `timeouts.request`."),
  perTryTimeout: route(
    "per-try-timeout",
    optional(anyDuration),
    "1s",
    "In place of `timeouts.per-try`.",
  ),
  attempts: route("attempts", optional(count(0, 10)), "0", "In place of `retries.attempts`."),
  retryOn: route(
    "retry-on",
    optional(words(...RETRY_CONDITIONS)),
    "connect-failure,5xx",
    "In place of `retries.on`.",
  ),
};
