// Routes of a document, in the order in which they are tried.
import type { DocumentReader } from "./document-reader.ts";
import { ROUTE_FIELDS, type RouteFields } from "./fields/traffic.ts";
import type { HeaderEdits, Mirror, RoutePolicy } from "./policy.ts";
import { assembleMatch, complainOfPaths } from "./read-match.ts";

interface Candidate {
  readonly priority: number;
  readonly route: RoutePolicy;
}

const CONDITIONS = ["path", "path-prefix", "path-regex", "methods", "headers", "query"] as const;

/**
 * A route whose conditions were not understood is left out: it would get requests that are not meant for it. So is one
 * with two kinds of path.
 */
export function readRoutes(reader: DocumentReader): readonly RoutePolicy[] {
  const candidates: Candidate[] = [];
  for (const name of reader.entries("route")) {
    const within = `route.${name}.`;
    const fields = reader.readEntry<RouteFields>(ROUTE_FIELDS, name);
    const problems = reader.problems.length;
    complainOfPaths(reader, fields, within);
    const contradicts = reader.problems.length > problems;
    complainOfRewrite(reader, fields, within);
    const unclear = contradicts || CONDITIONS.some((key) => reader.isUnread(`${within}${key}`));
    if (!fields.enabled || unclear) continue;
    candidates.push({ priority: fields.priority, route: assembleRoute(name, fields) });
  }
  return candidates.sort(compareCandidates).map(({ route }) => route);
}

function complainOfRewrite(reader: DocumentReader, fields: RouteFields, within: string): void {
  const { rewrite, path, pathPrefix } = fields;
  if (rewrite === undefined || path !== undefined || pathPrefix !== undefined) return;
  reader.complainOfConflict(
    `${within}rewrite`,
    "expected path or path-prefix beside it, found neither: there is nothing that it could replace",
  );
}

function assembleRoute(name: string, fields: RouteFields): RoutePolicy {
  const { rewrite, path, pathPrefix, redirect } = fields;
  return {
    name,
    match: assembleMatch(fields, fields.query),
    service: fields.service,
    split: fields.split,
    failover: fields.failover,
    mirror: assembleMirror(fields),
    fault: {
      delay: fields.delay,
      delayPercent: fields.delayPercent,
      abort: fields.abort ?? 0,
      abortPercent: fields.abortPercent,
    },
    redirect:
      redirect === undefined ? undefined : { location: redirect, status: fields.redirectStatus },
    rewrite: path === undefined && pathPrefix === undefined ? undefined : rewrite,
    requestHeaders: edits(fields.requestSet, fields.requestAdd, fields.requestRemove),
    responseHeaders: edits(fields.responseSet, fields.responseAdd, fields.responseRemove),
    timeout: fields.timeout,
    perTryTimeout: fields.perTryTimeout,
    attempts: fields.attempts,
    retryOn: fields.retryOn,
  };
}

function assembleMirror({ mirror, mirrorPercent }: RouteFields): Mirror | undefined {
  return mirror === undefined ? undefined : { ...mirror, percent: mirrorPercent };
}

function edits(
  set: HeaderEdits["set"],
  add: HeaderEdits["add"],
  remove: HeaderEdits["remove"],
): HeaderEdits {
  return { set, add, remove };
}

/** What is more exact comes first, as in the Gateway API; names last, so that the order is always the same. */
function compareCandidates(left: Candidate, right: Candidate): number {
  return (
    right.priority - left.priority ||
    exactness(left.route) - exactness(right.route) ||
    prefixLength(right.route) - prefixLength(left.route) ||
    conditions(right.route) - conditions(left.route) ||
    (left.route.name < right.route.name ? -1 : 1)
  );
}

function exactness({ match: { path } }: RoutePolicy): number {
  return path === undefined ? 3 : ["exact", "prefix", "regex"].indexOf(path.kind);
}

function prefixLength({ match: { path } }: RoutePolicy): number {
  return path?.kind === "prefix" ? path.text.length : 0;
}

function conditions({ match: { headers, query } }: RoutePolicy): number {
  return headers.length + query.length;
}
