// Regular expressions that take time linear in the text, whatever the pattern: V8's own linear engine, which refuses what it
// cannot promise that for (back references, look-ahead, large repetitions). Patterns that are linear and still slow are
// refused here.
import { patternCost } from "./pattern-cost.ts";

/** Longest pattern, characters. */
export const MAX_PATTERN = 256;

// Together they keep a text of 8 KiB, the longest path, under about 50 ms for the worst pattern; usual ones take 1.
const MOST_ATOMS = 512;
const MOST_CHOICES = 32;

/** What patterns must do without, for messages. */
export const PATTERN_RULES =
  "without back references, look-ahead, repetitions above 16 and more than 32 choices (* + ? |)";

/** Whether the whole text matches; made by {@link compileMatcher}. */
export interface Matcher {
  readonly source: string;
  test(text: string): boolean;
}

let enabled = false;

/** Undefined for a pattern that is no regular expression, is too long, or would take too much time for a text. */
export function compileMatcher(pattern: string): Matcher | undefined {
  if (pattern.length > MAX_PATTERN) return undefined;
  // Most sidecars never see a pattern.
  if (!enabled)
    process.getBuiltinModule("node:v8").setFlagsFromString("--enable-experimental-regexp-engine");
  enabled = true;
  try {
    // The pattern alone must be valid: `a)(b` is not, although it would be within the group.
    new RegExp(pattern, "l");
    const { atoms, choices } = patternCost(pattern);
    if (atoms > MOST_ATOMS || choices > MOST_CHOICES) return undefined;
    const expression = new RegExp(`^(?:${pattern})$`, "l");
    return { source: pattern, test: (text) => expression.test(text) };
  } catch {
    return undefined;
  }
}
