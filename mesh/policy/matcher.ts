// Regular expressions that take time linear in the text, whatever the pattern: V8's own linear engine, which refuses what it
// cannot promise that for (back references, look-around, huge repetitions).
import { setFlagsFromString } from "node:v8";

/** Longest pattern, characters. */
export const MAX_PATTERN = 256;

/** Whether the whole text matches; made by {@link compileMatcher}. */
export interface Matcher {
  readonly source: string;
  test(text: string): boolean;
}

let enabled = false;

/** Undefined for a pattern that is no regular expression, is too long, or could not be executed in linear time. */
export function compileMatcher(pattern: string): Matcher | undefined {
  if (pattern.length > MAX_PATTERN) return undefined;
  if (!enabled) setFlagsFromString("--enable-experimental-regexp-engine");
  enabled = true;
  try {
    // The pattern alone must be valid: `a)(b` is not, although it would be within the group.
    new RegExp(pattern, "l");
    const expression = new RegExp(`^(?:${pattern})$`, "l");
    return { source: pattern, test: (text) => expression.test(text) };
  } catch {
    return undefined;
  }
}
