// What a request has to be like for a route or a rule to apply.
import type { FieldProblem, PolicyDocument } from "./document.ts";
import { DocumentReader } from "./document-reader.ts";
import type { FieldsOf } from "./field.ts";
import { type MatchFields, ROUTE_FIELDS } from "./fields/traffic.ts";
import type { FieldMatch, PathMatch, RequestMatch } from "./policy.ts";

/** The conditions of routes as single names, as an intention's permission has them. */
const MATCH_FIELDS: FieldsOf<MatchFields & { readonly query: readonly FieldMatch[] }> = {
  path: { ...ROUTE_FIELDS.path, name: "path" },
  pathPrefix: { ...ROUTE_FIELDS.pathPrefix, name: "path-prefix" },
  pathRegex: { ...ROUTE_FIELDS.pathRegex, name: "path-regex" },
  methods: { ...ROUTE_FIELDS.methods, name: "methods" },
  headers: { ...ROUTE_FIELDS.headers, name: "headers" },
  query: { ...ROUTE_FIELDS.query, name: "query" },
};

const MATCH_NAMES: ReadonlySet<string> = new Set(
  Object.values(MATCH_FIELDS).map(({ name }) => name),
);

/** Of one match on its own: `path`, `path-prefix`, `path-regex`, `methods`, `headers`, `query`. Problems when there are any. */
export function readMatch(document: PolicyDocument): RequestMatch | readonly FieldProblem[] {
  const reader = new DocumentReader(document);
  for (const name of Object.keys(document)) {
    if (!MATCH_NAMES.has(name)) reader.complain(name, "expected a condition on requests");
  }
  const fields = reader.readAll(MATCH_FIELDS);
  complainOfPaths(reader, fields, "");
  return reader.problems.length > 0 ? reader.problems : assembleMatch(fields, fields.query);
}

/** At most one kind of path. `within` is what stands before the name of a field. */
export function complainOfPaths(reader: DocumentReader, fields: MatchFields, within: string): void {
  const given = [
    fields.path === undefined ? "" : "path",
    fields.pathPrefix === undefined ? "" : "path-prefix",
    fields.pathRegex === undefined ? "" : "path-regex",
  ].filter((name) => name !== "");
  const last = given.at(-1);
  if (last === undefined || given.length === 1) return;
  reader.complainOfConflict(
    `${within}${last}`,
    `expected one of path, path-prefix and path-regex, got ${given.join(" and ")}`,
  );
}

export function assembleMatch(
  fields: MatchFields,
  query: readonly FieldMatch[] = [],
): RequestMatch {
  const { methods, headers } = fields;
  return { path: assemblePath(fields), methods, headers, query };
}

function assemblePath({ path, pathPrefix, pathRegex }: MatchFields): PathMatch | undefined {
  if (path !== undefined) return { kind: "exact", text: path };
  if (pathPrefix !== undefined) return { kind: "prefix", text: pathPrefix };
  return pathRegex === undefined ? undefined : { kind: "regex", matcher: pathRegex };
}
