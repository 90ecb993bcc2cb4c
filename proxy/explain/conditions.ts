// Which conditions of a route or a rule a request does not meet: each is asked for itself, by the code that decides.
import { writeCondition } from "../../mesh/policy/match-kinds.ts";
import type { PathMatch, RequestMatch } from "../../mesh/policy/policy.ts";
import { compileMatch, matches, type Reading } from "../match/matches.ts";
import type { RequestView } from "../match/request-view.ts";

const NOTHING: RequestMatch = { path: undefined, methods: [], headers: [], query: [] };

/** Each as a few words, such as `path /orders`; empty when all are met. */
export function unmetConditions(
  { path, methods, headers, query }: RequestMatch,
  view: RequestView,
  reading: Reading,
): readonly string[] {
  const single: readonly (readonly [string, Partial<RequestMatch>])[] = [
    ...(path === undefined ? [] : [[describePath(path), { path }] as const]),
    ...(methods.length === 0 ? [] : [[`method ${methods.join(" or ")}`, { methods }] as const]),
    ...headers.map((each) => [`header ${writeCondition(each)}`, { headers: [each] }] as const),
    ...query.map((each) => [`parameter ${writeCondition(each)}`, { query: [each] }] as const),
  ];
  return single
    .filter(([, condition]) => !matches(compileMatch({ ...NOTHING, ...condition }), view, reading))
    .map(([text]) => text);
}

function describePath(path: PathMatch): string {
  switch (path.kind) {
    case "exact":
      return `path ${path.text}`;
    case "prefix":
      return `path ${path.text}…`;
    case "regex":
      return `path =~${path.matcher.source}`;
  }
}
