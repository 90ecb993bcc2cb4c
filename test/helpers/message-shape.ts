// What fields a message has, and of what type, so that two messages can be compared that say different things.

/** Below these the names are data: services, codes, fields of a policy. */
const BY_NAME: readonly string[] = [".policy", ".failures", ".outbound{}", ".overflows", ".match"];

/** `.a.b: number`, `.list[].c: string`; each once, sorted. */
export function shapeOf(message: string): readonly string[] {
  return [...new Set(fields(JSON.parse(message), ""))].sort();
}

function fields(value: unknown, place: string): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => fields(item, `${place}[]`));
  if (typeof value !== "object" || value === null) return [`${place}: ${typeof value}`];
  if (isByName(place)) return [`${place}: by name`];
  return Object.entries(value).flatMap(([name, item]) => fields(item, `${place}.${name}`));
}

function isByName(place: string): boolean {
  return BY_NAME.some((end) => place.endsWith(end)) || place === ".counters.outbound";
}

/** What the one has and the other has not. */
export function missing(recorded: string, now: string): readonly string[] {
  const known = new Set(shapeOf(now));
  return shapeOf(recorded).filter((field) => !known.has(field));
}
