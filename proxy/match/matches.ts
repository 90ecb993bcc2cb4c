// Whether a request is one that a route or a rule speaks of. The same question has three readings, because requests can be
// read in several ways: a route takes what was sent as it is; an *allow* holds only if it holds however an application
// reads the request; a *deny* holds if it does in any of the ways.
import type { FieldMatch, PathMatch, RequestMatch } from "../../mesh/policy/policy.ts";
import { membersOf } from "./list-members.ts";
import { normalisePath } from "./normalise-path.ts";
import type { RequestView } from "./request-view.ts";

/**
 * `route`: all values of a repeated field must fit, each as a whole. `allow`: all members of lists and fields of similar
 * names (`_` for `-`) too. `deny`: one of all these is enough, and so is a path that differs in letter case or a slash at
 * the end alone, and a path or query that cannot be judged.
 */
export type Reading = "route" | "allow" | "deny";

const compiled: unique symbol = Symbol("compiled");

/** A match whose path is in normal form; made by {@link compileMatch}. */
export interface CompiledMatch extends RequestMatch {
  readonly [compiled]: true;
}

/** However a path is spelt in a policy, it is compared in the form that requests have. */
export function compileMatch(match: RequestMatch): CompiledMatch {
  return { ...match, path: match.path && compilePath(match.path), [compiled]: true };
}

function compilePath(path: PathMatch): PathMatch {
  if (path.kind === "regex") return path;
  const { kind, text } = path;
  // What has no normal form matches no request; those that are spelt like it cannot be judged either.
  return { kind, text: normalisePath(text) ?? text };
}

export function matches(match: CompiledMatch, view: RequestView, reading: Reading): boolean {
  const { path, methods, query, headers } = match;
  if (methods.length > 0 && !matchesMethod(methods, view.method, reading)) return false;
  if (path !== undefined && !matchesPath(path, view.path, reading)) return false;
  for (const parameter of query) if (!matchesParameter(parameter, view, reading)) return false;
  for (const header of headers) if (!matchesHeader(header, view, reading)) return false;
  return true;
}

/** Methods have case; applications that forget it are kept from what is denied. */
function matchesMethod(methods: readonly string[], method: string, reading: Reading): boolean {
  return methods.includes(reading === "deny" ? method.toUpperCase() : method);
}

function matchesPath(match: PathMatch, path: string | undefined, reading: Reading): boolean {
  if (path === undefined) return reading === "deny";
  if (matchesSpelling(match, path)) return true;
  return reading === "deny" && matchesAlike(match, path);
}

function matchesSpelling(match: PathMatch, path: string): boolean {
  switch (match.kind) {
    case "exact":
      return path === match.text;
    case "prefix":
      return path.startsWith(match.text);
    case "regex":
      return match.matcher.test(path);
  }
}

/** As many applications route: letter case and a slash at the end make no difference to them. */
function matchesAlike(match: PathMatch, path: string): boolean {
  switch (match.kind) {
    case "exact":
      return Math.abs(path.length - match.text.length) <= 1 && fold(path) === fold(match.text);
    case "prefix":
      return `${fold(path)}/`.startsWith(match.text.toLowerCase());
    case "regex": {
      const folded = fold(path);
      return folded !== path && match.matcher.test(folded);
    }
  }
}

function fold(path: string): string {
  return (path.endsWith("/") ? path.slice(0, -1) : path).toLowerCase();
}

function matchesParameter(match: FieldMatch, view: RequestView, reading: Reading): boolean {
  const { values, certain } = view.parameter(match.name);
  if (!certain) return reading === "deny";
  return matchesField(match, values, reading === "deny" ? "some" : "every");
}

function matchesHeader(match: FieldMatch, view: RequestView, reading: Reading): boolean {
  const { name, kind } = match;
  const own = view.field(name, false);
  if (reading === "route") return matchesField(match, own, "every");
  const all = view.field(name, true);
  const members = membersOf(name, all);
  if (reading === "deny")
    return [own, all, members].some((values) => matchesField(match, values, "some"));
  // A whole value that is equal to the text leaves no room for other members.
  const strictest = kind === "exact" ? all : members;
  return matchesField(match, own, "every") && matchesField(match, strictest, "every");
}

/**
 * Whether the values of a field, parameter or claim fit. Without any value only `absent` and `not` do; `some` says whether
 * one of several that fits is enough.
 */
export function matchesField(
  match: FieldMatch,
  values: readonly string[],
  quantity: "every" | "some",
): boolean {
  if (values.length === 0) return match.kind === "absent" || match.kind === "not";
  if (match.kind === "present") return true;
  if (match.kind === "absent") return false;
  for (const value of values) {
    if (matchesValue(match, value) !== (quantity === "every")) return quantity === "some";
  }
  return quantity === "every";
}

function matchesValue({ kind, text, matcher }: FieldMatch, value: string): boolean {
  switch (kind) {
    case "exact":
      return value === text;
    case "not":
      return value !== text;
    case "prefix":
      return value.startsWith(text);
    case "suffix":
      return value.endsWith(text);
    case "regex":
      return matcher?.test(value) === true;
    default:
      return false;
  }
}
