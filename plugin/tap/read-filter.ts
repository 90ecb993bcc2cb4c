// The filter of live requests as it stands in a query: read for the API and the console, written by the command. Pure.
import { MeshError } from "../../mesh/errors.ts";
import { nearestName } from "../../mesh/nearest.ts";
import { MESH_WIDE } from "../../mesh/policy/document.ts";
import { quote } from "../../mesh/printable.ts";
import { PATH_LIMIT } from "../../proxy/configuration/observed-request.ts";
import { OUTSIDE } from "../console/view.ts";
import type { TapFilter } from "./tap-event.ts";

const NAMES = ["service", "source", "method", "path", "status", "failed"] as const;
type Name = (typeof NAMES)[number];

/**
 * With catalog names; `resolve` finds them, and throws for a service that is not known. `*` is any service, and as `source`
 * `outside` any caller without identity. Throws FILTER_INVALID for anything that is not understood: what is left out would show
 * requests that nobody asked for.
 */
export function readFilter(
  query: URLSearchParams,
  resolve: (service: string) => string,
): TapFilter {
  for (const name of query.keys()) refuseUnknown(name);
  const read = <T>(name: Name, parse: (text: string) => T): T | undefined => {
    const [text, ...others] = query.getAll(name);
    if (others.length > 0) throw invalid(name, "one value", `${others.length + 1}`);
    return text === undefined ? undefined : parse(text);
  };
  const named = (text: string): string | undefined =>
    text === MESH_WIDE ? undefined : resolve(text);
  return {
    service: read("service", named),
    source: read("source", (text) => (text === OUTSIDE ? "" : named(text))),
    method: read("method", parseMethod),
    pathPrefix: read("path", parsePath),
    status: read("status", parseStatus),
    failed: read("failed", parseFailed) ?? false,
  };
}

/** What {@link readFilter} reads; names as they are. */
export function writeFilter(filter: Partial<TapFilter>): URLSearchParams {
  const { service, source, method, pathPrefix: path, status, failed } = filter;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ service, source, method, path, status }))
    if (value !== undefined) query.set(name, value);
  if (failed === true) query.set("failed", "true");
  return query;
}

function refuseUnknown(name: string): void {
  if (NAMES.some((known) => known === name)) return;
  const nearest = nearestName(name, NAMES);
  const hint = nearest === undefined ? "" : `: did you mean ${nearest}?`;
  const message = `expected ${NAMES.join(", ")} in the query, found ${quote(name)}${hint}`;
  throw new MeshError("FILTER_INVALID", message);
}

function parseMethod(text: string): string {
  if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/.test(text)) return text.toUpperCase();
  throw invalid("method", "a method such as GET", quote(text));
}

function parsePath(text: string): string {
  if (/^\/[^?#]*$/.test(text) && text.length <= PATH_LIMIT) return text;
  throw invalid("path", "the beginning of a path, such as /orders", quote(text));
}

function parseStatus(text: string): string {
  if (/^[1-5](?:\d\d|xx)$/i.test(text)) return text.toLowerCase();
  throw invalid("status", "a status such as 503, or a class such as 5xx", quote(text));
}

function parseFailed(text: string): boolean {
  if (["true", "false"].includes(text)) return text === "true";
  throw invalid("failed", "true or false", quote(text));
}

function invalid(name: Name, expected: string, found: string): MeshError {
  return new MeshError("FILTER_INVALID", `${name}: expected ${expected}, found ${found}`);
}
