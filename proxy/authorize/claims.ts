// Claims of a verified token (RFC 7519 §4) as rules ask for them.
import type { FieldMatch } from "../../mesh/policy/policy.ts";
import { matchesField } from "../match/matches.ts";

export type Claims = Readonly<Record<string, unknown>>;

const NO_CLAIMS: Claims = {};

/** Whether all of them hold. Of several values one that fits is enough, except where none may be. */
export function claimsMatch(
  conditions: readonly FieldMatch[],
  claims: Claims = NO_CLAIMS,
): boolean {
  return conditions.every((condition) => {
    const quantity = condition.kind === "not" ? "every" : "some";
    return matchesField(condition, claimValues(claims, condition.name), quantity);
  });
}

/**
 * The texts, numbers and booleans that a claim has, those within a list each. A dot leads into an object, unless the name
 * with its dots is a claim itself.
 */
export function claimValues(claims: Claims, name: string): readonly string[] {
  if (Object.hasOwn(claims, name)) return scalars(claims[name]);
  for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
    const outer = name.slice(0, dot);
    const inner = Object.hasOwn(claims, outer) ? claims[outer] : undefined;
    if (isObject(inner)) return claimValues(inner, name.slice(dot + 1));
  }
  return [];
}

function scalars(value: unknown): readonly string[] {
  const values = Array.isArray(value) ? value : [value];
  return values.filter(isScalar).map(String);
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function isObject(value: unknown): value is Claims {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
