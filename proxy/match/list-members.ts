// Fields whose value is one thing however many commas are in it; every other field may be a list (RFC 9110 §5.5, §5.6.1).
const SINGLE_VALUED: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "date",
  "expires",
  "host",
  "if-modified-since",
  "if-range",
  "if-unmodified-since",
  "last-modified",
  "location",
  "referer",
  "server",
  "set-cookie",
  "user-agent",
]);

/** The members of lists in place of the lists, empty ones too, so that a field never vanishes. */
export function membersOf(name: string, values: readonly string[]): readonly string[] {
  if (SINGLE_VALUED.has(name) || !values.some((value) => value.includes(","))) return values;
  return values.flatMap((value) => value.split(",").map(trimBlanks));
}

function trimBlanks(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}
