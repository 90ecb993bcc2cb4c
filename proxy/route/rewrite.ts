// Paths as they go on: what matched is replaced, in the form in which it matched, so that no spelling of a path gets
// around a rewrite.
import type { PathMatch } from "../../mesh/policy/policy.ts";

/**
 * The path that goes on in place of `path`, which is in normal form and matched. A prefix is replaced and the rest kept, with
 * one slash between the two; an exact path is replaced as a whole.
 */
export function rewritePath(path: string, match: PathMatch, replacement: string): string {
  if (match.kind !== "prefix") return replacement;
  const rest = path.slice(match.text.length);
  if (replacement.endsWith("/")) return replacement + withoutSlash(rest);
  // A prefix within a segment, such as `/v`, leaves the rest of that segment.
  return match.text.endsWith("/") && rest !== "" ? `${replacement}/${rest}` : replacement + rest;
}

function withoutSlash(rest: string): string {
  return rest.startsWith("/") ? rest.slice(1) : rest;
}
