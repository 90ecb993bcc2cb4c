// Conditional requests (RFC 9110 §13): a write says which version it replaces, so that of two writers at once none undoes
// what the other did without knowing it.
import type { IncomingHttpHeaders } from "node:http";
import type { Condition } from "../policy/policy-desk.ts";

/** The entity tag of a version. */
export function entityTag(version: number): string {
  return `"${version}"`;
}

/** What `If-Match` and `If-None-Match` demand together; undefined when neither is there. */
export function readCondition(headers: IncomingHttpHeaders): Condition | undefined {
  const match = headers["if-match"];
  const noneMatch = headers["if-none-match"];
  if (match === undefined && noneMatch === undefined) return undefined;
  return (version) =>
    (match === undefined || names(match, version)) &&
    (noneMatch === undefined || !names(noneMatch, version));
}

/** `*` is any version that somebody has written. A weak tag never is the same. */
function names(list: string, version: number): boolean {
  const tags = list.split(",").map((tag) => tag.trim());
  return tags.includes(entityTag(version)) || (version > 0 && tags.includes("*"));
}
